import type { Entry } from '../log/entry.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { Pace, PolicyReader, PolicyView } from '../chunking/policy.ts'
import type { ChunkingWishes } from '../chunking/wishes.ts'
import { PendingBatches } from './pending-batches.ts'
import type { Reader } from './reader.ts'
import type { ResolvedReaderOptions } from './options.ts'
import { SourceRate } from './source-rate.ts'
import { TokenBucket } from '../clock/token-bucket.ts'

/**
 * What one reader could be given now, and since when: the log's committed events past its cursor, less what credit and
 * pace hold back. This is what a chunking policy decides by.
 */
export class Backlog extends PendingBatches implements PolicyView {
  readonly wishes: ChunkingWishes
  position = 0
  /** False from the moment the sink made us wait until the next decision. */
  writable = true
  readonly #scheduler: Scheduler
  readonly #reader: Reader
  readonly #maxChunkBytes: number
  #bucket: TokenBucket | undefined
  #pacedUntilSeq = Infinity
  #takenAtMs = -Infinity
  /** Made for a policy that asks for it. */
  #sourceRate: SourceRate | undefined

  constructor(scheduler: Scheduler, reader: Reader, { chunking, maxChunkBytes, wishes }: ResolvedReaderOptions) {
    super(reader.seq)
    this.#scheduler = scheduler
    this.#reader = reader
    this.#maxChunkBytes = maxChunkBytes
    this.wishes = wishes
    if (typeof chunking.pace === 'object') this.pace(chunking.pace)
  }

  /** What is known of the reading now, at its beginning. */
  facts(): PolicyReader {
    const { seq, liveAfterSeq } = this.#reader
    return { wishes: this.wishes, resumed: seq > 0, backlogEvents: Math.max(0, liveAfterSeq - seq) }
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
    return this.#scheduler.now() - this.oldestSinceMs
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

  get windowHeld(): boolean {
    return this.#reader.log.windowHeld
  }

  get sourceRate(): number | undefined {
    const now = this.#scheduler.now()
    const { lastSeq } = this.#reader.log
    this.#sourceRate ??= new SourceRate(now, lastSeq)
    return this.#sourceRate.at(now, lastSeq)
  }

  get rttMs(): number | undefined {
    return this.#reader.report?.rttMs
  }

  get paintRate(): number | undefined {
    return this.#reader.report?.paintRate
  }

  /** True when committed events exist that credit or pace withhold. */
  get gated(): boolean {
    return this.#reader.seq + this.pending < this.#reader.log.committed
  }

  /** True when something has become readable since the latest {@link refresh}. */
  get stale(): boolean {
    return this.#reader.seq + this.pending > this.seenSeq
  }

  text(): string {
    let text = ''
    for (const { event } of this.#reader.log.read(this.#reader.seq, this.#fitting))
      if (event.type === 'text') text += event.text
    return text
  }

  pieces(): readonly (string | undefined)[] {
    const { log, seq } = this.#reader
    return Array.from({ length: this.#fitting }, (_, index) => {
      const event = log.read(seq + index, 1)[0]!.event
      return event.type === 'text' ? event.text : undefined
    })
  }

  /** Pending events that one chunk could carry: a decision needs no more, and does not read a long backlog again and again. */
  get #fitting(): number {
    return this.#reader.log.fitting(this.#reader.seq, this.pending, this.#maxChunkBytes).count
  }

  /** The sink made us wait: what came meanwhile was not noticed. */
  interrupted(): void {
    this.writable = false
    this.attentive = false
  }

  /** From now on this much is let through; what was let through before stays so. */
  pace(pace: Pace | undefined): void {
    const now = this.#scheduler.now()
    if (!pace) this.#bucket = undefined
    else if (this.#bucket) this.#bucket.refit(pace.tokensPerSecond, pace.burstTokens, now)
    else this.#bucket = new TokenBucket(pace.tokensPerSecond, pace.burstTokens, now)
  }

  /** What the pace lets through by now, and what has become readable; gives whether something has, and waits for its bound. */
  refresh(): boolean {
    const now = this.#scheduler.now()
    const reader = this.#reader
    if (this.#bucket) this.#pacedUntilSeq = Math.max(reader.seq, reader.liveAfterSeq) + this.#bucket.available(now)
    return this.arrived(reader.seq, reader.seq + this.pending, now)
  }

  take(count: number, maxBytes: number): Entry[] {
    const reader = this.#reader
    const before = reader.seq
    const chunk = reader.take(count, maxBytes)
    this.position += reader.seq - before
    this.#takenAtMs = this.#scheduler.now()
    this.#bucket?.take(Math.max(0, reader.seq - Math.max(before, reader.liveAfterSeq)))
    this.left(reader.seq)
    return chunk
  }

  /** When the pace lets the next event through; `Infinity` when it is not the pace that holds it back. */
  nextPacedMs(): number {
    if (!this.#bucket || this.#reader.pending <= this.pending) return Infinity
    return this.#scheduler.now() + this.#bucket.waitMs(this.pending + 1)
  }
}
