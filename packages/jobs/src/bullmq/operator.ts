import type { Scheduler } from '@sluice/core/extend'

/** How often the operator is told the same, and how much within that time: addresses of a cluster's nodes differ. */
const TOLD_AGAIN_MS = 60_000
const MAX_TOLD = 16

/** Tells the operator what he should know, unless he was told the same a short while ago. */
export class Operator {
  readonly #scheduler: Scheduler
  readonly #onWarning: (message: string) => void
  readonly #told: Map<string, number> = new Map()

  constructor(scheduler: Scheduler, onWarning: (message: string) => void) {
    this.#scheduler = scheduler
    this.#onWarning = onWarning
  }

  tell(message: string): void {
    const now = this.#scheduler.now()
    for (const [words, toldMs] of this.#told) if (now - toldMs >= TOLD_AGAIN_MS) this.#told.delete(words)
    if (this.#told.size >= MAX_TOLD || this.#told.has(message)) return
    this.#told.set(message, now)
    this.#onWarning(message)
  }

  /** There is no connection, or what came over it was wrong. */
  unreachable(error: Error): void {
    const { code, message } = error as NodeJS.ErrnoException
    this.tell(`Redis cannot be reached: ${withoutArguments(message || (code ?? error.name))}.`)
  }
}

/** What Redis says of a failed command, without the command's arguments and its place in a script. */
export function withoutArguments(message: string): string {
  return message
    .replace(/,? with args beginning with: [^]*$/, '')
    .replace(/[. ]*script: [\da-f]{40}[^]*$/, '')
    .replace(/[.\s]+$/, '')
}
