import { Backlog } from './backlog.ts'
import { askBoundMs, askPace, askTake, chunkerOf, constantBoundMs } from '../chunking/ask-policy.ts'
import type { Connection } from '../wire/connection.ts'
import type { ConnectionReading } from '../wire/connection-reading.ts'
import { Deadline, type Due } from '../clock/deadlines.ts'
import { farewellOf, lastWordsOf } from './farewell.ts'
import type { DeliveryListener, DeliveryParts } from './delivery-listener.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { ClosedCode } from '../events/codes.ts'
import type { Encoder, EncoderStart } from '../wire/encoder.ts'
import type { WireBytes } from '../wire/sink.ts'
import type { Scheduler, Steppable } from '../clock/scheduler.ts'
import type { Chunker, ChunkingPolicy } from '../chunking/policy.ts'
import { PollLifetime } from './poll-lifetime.ts'
import type { Reader } from './reader.ts'
import { ReadingLifetime } from './reading-lifetime.ts'

/** So much is written in one step, or one chunk of more: many readers may have long to catch up in the same turn. */
const STEP_BYTES = 16 * 1024

/** One reader being served: cursor, policy, encoder, connection. Stepped by the scheduler; it has no promise and no queue. */
export class Delivery implements Steppable, ConnectionReading, Due {
  dirty = false
  servedAt = 0
  readonly #scheduler: Scheduler
  readonly #reader: Reader
  readonly #encoder: Encoder
  readonly #connection: Connection
  readonly #policy: ChunkingPolicy
  readonly #maxChunkBytes: number
  readonly #owner: DeliveryListener
  readonly #backlog: Backlog
  /** What the policy decides with, once the reading is open. */
  #chunker: Chunker | undefined
  /** The bound of all its events; `undefined` where it depends on the phase. */
  #boundMs: number | undefined
  #maxTokens = Infinity
  #deadline: Deadline | undefined
  readonly #lifetime: { end(outcome: ReadingOutcome): void } | undefined
  /** True for one poll: over with its first chunk, which waits for nothing. */
  readonly isPoll: boolean
  /** True for a poll that is over with what there is, and be it nothing. */
  readonly #waitsForNothing: boolean
  /** Up to where its peer was given everything. */
  #writtenSeq: number
  /** What is said first, until it could be. */
  #opening: EncoderStart | undefined
  #over = false
  #hurried = false

  constructor(scheduler: Scheduler, parts: DeliveryParts) {
    this.#scheduler = scheduler
    this.#reader = parts.reader
    this.#encoder = parts.encoder
    this.#connection = parts.connection
    this.#policy = parts.options.chunking
    this.#maxChunkBytes = parts.options.maxChunkBytes
    this.#owner = parts.owner
    this.#backlog = new Backlog(scheduler, parts.reader, parts.options)
    this.#writtenSeq = parts.reader.seq
    parts.reader.sleeper = this
    const { lifetime, poll } = parts
    this.isPoll = poll !== undefined
    this.#waitsForNothing = poll?.waitMs === 0
    this.#hurried = this.isPoll
    if (poll) this.#lifetime = new PollLifetime(scheduler, { ...parts, reading: this, limits: poll })
    else if (lifetime) this.#lifetime = new ReadingLifetime(scheduler, { ...parts, reading: this, limits: lifetime })
  }

  /** Writes the first bytes, then what is readable. */
  begin(start: EncoderStart): void {
    // Whoever was told that it is about to begin may have ended it.
    if (this.#over) return
    if (!this.#connection.carry(this)) return this.#finish('detached')
    this.#reader.attach()
    this.#opening = start
    this.step()
    if (this.#waitsForNothing) this.answer()
  }

  step(): void {
    if (this.#over || this.#connection.state !== 'open') return
    try {
      if (this.#opening) this.#open(this.#opening)
      if (this.#chunker && this.#canWrite) this.#flow(this.#chunker)
    } catch (error) {
      this.failed(error)
    }
  }

  /** The oldest event has waited long enough, or the pace lets more through. */
  due(): void {
    this.step()
  }

  hurry(): void {
    this.#hurried = true
    this.step()
  }

  /** What the reader slept for is there: looked at when the turn is over, with what else comes. */
  wake(): void {
    this.#scheduler.mark(this)
  }

  /** The sink takes more again: what gathered meanwhile may travel together. */
  writable(): void {
    this.#backlog.interrupted()
    this.#scheduler.mark(this)
  }

  /** The connection is gone. */
  detached(): void {
    this.#finish('detached')
  }

  /** A poll has waited long enough. */
  answer(): void {
    this.#finish('answered')
  }

  stalled(): void {
    this.stop('stalled')
  }

  /** This reading is over although the stream may go on; the reader is told, if it can be. */
  stop(code: ClosedCode): void {
    if (this.#over) return
    // Also where nothing was said yet, because a connection that others share makes it wait: contract 2.
    let farewell: WireBytes
    try {
      farewell = farewellOf(this.#encoder, this.#reader.log, { code, seq: this.#reader.seq })
    } catch (error) {
      return this.failed(error)
    }
    if (this.#over) return
    this.#over = true
    this.#leave(code)
    this.#connection.part(this, farewell)
    this.#owner.readingOver(code)
  }

  get #canWrite(): boolean {
    return !this.#over && this.#connection.state === 'open'
  }

  #open(start: EncoderStart): void {
    this.#opening = undefined
    this.#chunker = chunkerOf(this.#policy, this.#backlog.facts())
    this.#boundMs = constantBoundMs(this.#policy, this.#chunker)
    this.#maxTokens = Math.floor(this.#chunker.maxTokens ?? Infinity)
    if (this.#over) return
    const bytes = this.#encoder.open(start)
    if (!this.#over) this.#connection.write(bytes)
  }

  #flow(chunker: Chunker): void {
    const backlog = this.#backlog
    const broken = this.#reader.broken
    if (broken) return this.stop(broken)
    if (typeof this.#policy.pace === 'function') backlog.pace(askPace(this.#policy, backlog))
    if (backlog.refresh()) backlog.bound(this.#boundMs ?? askBoundMs(this.#policy, chunker, backlog))
    let bytesWritten = 0
    while (backlog.pending > 0) {
      const count = Math.min(this.#decide(chunker), this.#maxTokens)
      // Each call out of here, to a policy, an encoder, a sink, an observer, may have come back in.
      if (!this.#canWrite) return
      if (count <= 0) return this.#sleep(-count)
      const before = this.#reader.seq
      const waitedMs = backlog.oldestMs
      const bytes = this.#encoder.encode(backlog.take(count, this.#maxChunkBytes))
      if (!this.#canWrite) return
      this.#connection.write(bytes)
      this.#writtenSeq = this.#reader.seq
      this.servedAt = this.#connection.serve()
      this.#owner.readingChunk(this.#reader.seq - before, bytes.length, waitedMs)
      if (this.#over) return
      if (this.#reader.finished) return this.#finish('end')
      if (this.isPoll) return this.#finish('answered')
      if (this.#connection.state !== 'open') return
      bytesWritten += bytes.length
      // One write a turn where a connection is shared, and little in any case: others come in between.
      const enough = this.#connection.shared || bytesWritten >= STEP_BYTES
      if (enough && backlog.pending > 0) return this.#scheduler.mark(this)
    }
    if (this.#reader.finished) this.#finish('end')
    else this.#sleep(1)
  }

  /** How many events leave now; 0 or less to wait. The policy proposes; time bound, byte cap, window and end decide. */
  #decide(chunker: Chunker): number {
    const backlog = this.#backlog
    const { pending } = backlog
    if (backlog.ended || this.#hurried || this.#scheduler.now() >= backlog.dueMs) return pending
    const wanted = askTake(this.#policy, chunker, backlog)
    backlog.writable = true
    if (wanted > 0) return Math.min(Math.ceil(wanted), pending)
    // What was there before this reader came has waited long enough.
    if (!backlog.live) return pending
    const full = backlog.windowHeld || backlog.pendingBytes >= this.#maxChunkBytes
    return full ? pending : Math.trunc(wanted)
  }

  /** Until there are `wanted` events, or the first of them is due, or the pace lets more through. */
  #sleep(wanted: number): void {
    const backlog = this.#backlog
    // What has become readable within this step has no bound yet.
    if (backlog.stale) return this.#scheduler.mark(this)
    const { pending } = backlog
    const { seq, log } = this.#reader
    const dueMs = Math.min(pending > 0 ? backlog.dueMs : Infinity, backlog.nextPacedMs())
    // A deadline that is not needed any more is cheaper left than called off: it finds nothing to do.
    if (dueMs !== Infinity) this.#scheduler.schedule((this.#deadline ??= new Deadline(this)), dueMs)
    // A bound by phase is given when events become readable: no arrival is slept through.
    const nextSeq = seq + pending + 1
    const wakeSeq = this.#boundMs === undefined ? nextSeq : Math.max(nextSeq, seq + wanted)
    if (!backlog.gated) log.sleep(this.#reader, wakeSeq)
    backlog.attentive = backlog.gated || wakeSeq === nextSeq
  }

  #finish(outcome: ReadingOutcome): void {
    if (this.#over) return
    this.#over = true
    this.#leave(outcome)
    this.#connection.drop(this)
    this.#owner.readingOver(outcome)
  }

  /**
   * A policy or an encoder threw. A connection of this reading's own is cut, not closed: nothing may look complete. One that
   * others share goes on, and the peer is told which of its readings is over.
   */
  failed(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#leave('failed')
    if (this.#connection.isOfOneReading) this.#connection.abort()
    else this.#connection.part(this, lastWordsOf(this.#encoder, this.#reader.log, this.#writtenSeq))
    this.#owner.readingOver('failed', error)
  }

  #leave(outcome: ReadingOutcome): void {
    if (this.#deadline) this.#scheduler.cancel(this.#deadline)
    this.#reader.sleeper = undefined
    if (this.#lifetime) this.#lifetime.end(outcome)
    else this.#reader.detach()
  }
}
