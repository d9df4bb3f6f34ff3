import type { Entry } from '../log/entry.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { Pace, PolicyView } from '../chunking/policy.ts'
import type { Reader } from './reader.ts'
import { TokenBucket } from '../clock/token-bucket.ts'

/**
 * What one reader could be given now, and since when: the log's committed events past its cursor, less what credit and
 * pace hold back. This is what a chunking policy looks at.
 */
export class Backlog implements PolicyView {
  position = 0
  /** False from the moment the sink made us wait until the next decision. */
  writable = true
  readonly #scheduler: Scheduler
  readonly #reader: Reader
  readonly #bucket: TokenBucket | undefined
  #pacedUntilSeq = Infinity
  /** Oldest pending batch: where it ends, when it arrived, and when the batch after it did. */
  #batchEndSeq: number
  #oldestSinceMs = 0
  #nextSinceMs = 0
  #seenSeq: number
  #lookedAtMs = 0
  #takenAtMs = -Infinity

  constructor(scheduler: Scheduler, reader: Reader, pace: Pace | undefined) {
    this.#scheduler = scheduler
    this.#reader = reader
    this.#batchEndSeq = reader.seq
    this.#seenSeq = reader.seq
    if (pace) this.#bucket = new TokenBucket(pace.tokensPerSecond, pace.burstTokens, scheduler.now())
  }

  get pending(): number {
    const pending = this.#reader.pending
    return this.#bucket ? Math.min(pending, Math.max(0, this.#pacedUntilSeq - this.#reader.seq)) : pending
  }

  get pendingBytes(): number {
    const { log, seq } = this.#reader
    const { pending } = this
    if (seq + pending === log.committed) return log.committedBytes - this.#reader.bytePosition
    return log.fitting(seq, pending, Infinity).bytes
  }

  get oldestMs(): number {
    return this.#scheduler.now() - this.#oldestSinceMs
  }

  get oldestSinceMs(): number {
    return this.#oldestSinceMs
  }

  get sinceLastMs(): number {
    return this.#scheduler.now() - this.#takenAtMs
  }

  get live(): boolean {
    return this.#reader.seq >= this.#reader.liveAfterSeq
  }

  get loopLagMs(): number {
    return this.#scheduler.loopLagMs
  }

  get ended(): boolean {
    return this.#reader.log.end !== undefined
  }

  /** True when committed events exist that credit or pace withhold. */
  get gated(): boolean {
    return this.#reader.seq + this.pending < this.#reader.log.committed
  }

  text(): string {
    let text = ''
    for (const { event } of this.#reader.log.read(this.#reader.seq, this.pending))
      if (event.type === 'text') text += event.text
    return text
  }

  pieces(): readonly (string | undefined)[] {
    const { log, seq } = this.#reader
    return Array.from({ length: this.pending }, (_, index) => {
      const event = log.read(seq + index, 1)[0]!.event
      return event.type === 'text' ? event.text : undefined
    })
  }

  /** Looks at the clock: what the pace lets through by now, and when what is pending arrived. */
  look(): void {
    const now = this.#scheduler.now()
    const reader = this.#reader
    if (this.#bucket) this.#pacedUntilSeq = Math.max(reader.seq, reader.liveAfterSeq) + this.#bucket.available(now)
    const endSeq = reader.seq + this.pending
    // While something was pending we may have slept through arrivals: they are as old as the look before, at most.
    const arrivedMs = this.#seenSeq > reader.seq ? this.#lookedAtMs : now
    this.#lookedAtMs = now
    if (endSeq <= this.#seenSeq) return
    if (this.#seenSeq <= reader.seq) {
      this.#batchEndSeq = endSeq
      this.#oldestSinceMs = now
      this.#nextSinceMs = now
    } else if (this.#batchEndSeq === this.#seenSeq) this.#nextSinceMs = arrivedMs
    this.#seenSeq = endSeq
  }

  take(count: number, maxBytes: number): Entry[] {
    const reader = this.#reader
    const before = reader.seq
    const chunk = reader.take(count, maxBytes)
    this.position += reader.seq - before
    this.#takenAtMs = this.#scheduler.now()
    this.#bucket?.take(Math.max(0, reader.seq - Math.max(before, reader.liveAfterSeq)))
    if (reader.seq >= this.#batchEndSeq) {
      this.#oldestSinceMs = this.#nextSinceMs
      this.#batchEndSeq = this.#seenSeq
    }
    return chunk
  }

  /** When the pace lets the next event through; `Infinity` when it is not the pace that holds it back. */
  nextPacedMs(): number {
    if (!this.#bucket || this.#reader.pending <= this.pending) return Infinity
    return this.#scheduler.now() + this.#bucket.waitMs(this.pending + 1)
  }
}
