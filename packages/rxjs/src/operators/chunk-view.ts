import type { ChunkingWishes, PolicyView, StreamEvent } from '@sluice/core'
import { eventBytes } from '@sluice/core/extend'
import type { SchedulerLike } from 'rxjs'

/** Events that wait, as a chunking policy sees them. */
export class ChunkView implements PolicyView {
  position = 0
  pendingBytes = 0
  ended = false
  readonly live = true
  readonly writable = true
  readonly loopLagMs = 0
  readonly windowHeld = false
  readonly wishes: ChunkingWishes = {}
  readonly #scheduler: Pick<SchedulerLike, 'now'>
  #waiting: { readonly event: StreamEvent; readonly sinceMs: number }[] = []
  #takenAtMs = -Infinity

  constructor(scheduler: Pick<SchedulerLike, 'now'>) {
    this.#scheduler = scheduler
  }

  get pending(): number {
    return this.#waiting.length
  }

  get oldestMs(): number {
    const now = this.#scheduler.now()
    return now - (this.#waiting[0]?.sinceMs ?? now)
  }

  get sinceLastMs(): number {
    return this.#scheduler.now() - this.#takenAtMs
  }

  text(): string {
    return this.pieces().join('')
  }

  pieces(): readonly (string | undefined)[] {
    return this.#waiting.map(({ event }) => (event.type === 'text' ? event.text : undefined))
  }

  push(event: StreamEvent): void {
    this.#waiting.push({ event, sinceMs: this.#scheduler.now() })
    this.pendingBytes += eventBytes(event)
  }

  take(count: number): readonly StreamEvent[] {
    const taken = this.#waiting.splice(0, count).map(({ event }) => event)
    for (const event of taken) this.pendingBytes -= eventBytes(event)
    this.position += taken.length
    this.#takenAtMs = this.#scheduler.now()
    return taken
  }
}
