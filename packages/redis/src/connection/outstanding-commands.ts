import { Deadline, type Due, type Scheduler } from '@sluice/core/extend'

/** A command without an answer. */
export interface OutstandingCommand {
  readonly askedMs: number
  /** False while there is no connection to send it on. */
  sent: boolean
  /** Whether what it does may not be done again, by something that waits for its answer: then it has failed. */
  readonly once: boolean
  /** Set when the reply to another command came in place of its own. */
  misplaced?: boolean | undefined
  /** Sends it; after an error reply that has a way around it, sends it in that other way. */
  send(): Promise<unknown>
  /** How to ask again after this error reply; nothing when the error is the answer. */
  retry?: ((message: string) => (() => Promise<unknown>) | undefined) | undefined
  /** Called with an error reply that is the answer. */
  refused?: ((error: Error) => void) | undefined
  /** The answer in a reply; `MISPLACED` for a reply to another command. */
  read(reply: unknown): unknown
  resolve(answer: unknown): void
  reject(error: unknown): void
}

/** Commands without an answer, oldest first: all may take the same time. */
export class OutstandingCommands implements Due {
  readonly #scheduler: Scheduler
  readonly #commandMs: number
  readonly #onLate: (command: OutstandingCommand) => void
  readonly #commands: Set<OutstandingCommand> = new Set()
  readonly #deadline: Deadline = new Deadline(this)
  #isScheduled = false

  constructor(scheduler: Scheduler, commandMs: number, onLate: (command: OutstandingCommand) => void) {
    this.#scheduler = scheduler
    this.#commandMs = commandMs
    this.#onLate = onLate
  }

  /** When the oldest was asked; `undefined` when there is none. */
  get oldestMs(): number | undefined {
    const [oldest] = this.#commands
    return oldest?.askedMs
  }

  add(command: OutstandingCommand): void {
    this.#commands.add(command)
    // The deadline is left alone once it is set: mostly it finds that all is answered.
    if (!this.#isScheduled) this.#schedule(command.askedMs)
  }

  has(command: OutstandingCommand): boolean {
    return this.#commands.has(command)
  }

  delete(command: OutstandingCommand): void {
    this.#commands.delete(command)
  }

  /** Those that wait for a connection. */
  unsent(): OutstandingCommand[] {
    return [...this.#commands].filter(({ sent }) => !sent)
  }

  /** The oldest command may have waited too long. */
  due(): void {
    this.#isScheduled = false
    const lateMs = this.#scheduler.now() - this.#commandMs
    for (const command of this.#commands) {
      if (command.askedMs > lateMs) return this.#schedule(command.askedMs)
      this.#commands.delete(command)
      this.#onLate(command)
    }
  }

  rejectAll(error: unknown): void {
    this.#scheduler.cancel(this.#deadline)
    for (const command of this.#commands) command.reject(error)
    this.#commands.clear()
  }

  #schedule(askedMs: number): void {
    this.#isScheduled = true
    this.#scheduler.schedule(this.#deadline, askedMs + this.#commandMs)
  }
}
