import {
  Deadline,
  type Keeping,
  type Log,
  type LogPersister,
  type Steppable,
  type StoredStream,
} from '@sluice/core/extend'

import { confirmReplicas } from '../commands/confirm-replicas.ts'
import type { Append, AppendOutcome } from '../connection/append-batcher.ts'
import { isOutOfMemory } from '../connection/store-error.ts'
import type { StoreContext } from '../context/store-context.ts'
import type { EncodedChunk } from '../protocol/chunk-codec.ts'
import { isForeign } from '../protocol/foreign.ts'
import { numberIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { toStoredJson } from '../protocol/stored-json.ts'
import { countIn } from '../protocol/stored-number.ts'
import { endedMs, liveMs } from '../protocol/times.ts'
import { nextChunk } from './next-chunk.ts'
import { Outage } from './outage.ts'

/** Why nothing more of a stream can be stored. */
export type UnstorableReason = 'missing' | 'foreign' | 'lost' | 'outage' | 'full'

/** Who is asked and notified by an outbox. */
export interface OutboxOwner {
  /** Another producer, or a close from outside, has the stream now. */
  superseded(): Promise<void>
  /** The store does not have the stream any more, or cannot take it. */
  unstorable(reason: UnstorableReason): void
}

const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 500
/** A source that gives so many events while an append is under way is a fast one: its appends keep this distance. */
const MANY_EVENTS = 8
const DISTANCE_MS = 2

/**
 * Sends a log's events to Redis: one append is under way at a time, and what is appended meanwhile goes with the next.
 * It knows what the store has, and writes again what the store has lost.
 */
export class Outbox implements Steppable, LogPersister {
  dirty = false
  readonly #context: StoreContext
  readonly #stored: StoredStream
  readonly #keeping: Keeping
  readonly #owner: OutboxOwner
  readonly #keys: Append['keys']
  /** Up to where the store has acknowledged events. */
  #acked: number
  #busy = false
  #stopped = false
  readonly #outage: Outage
  readonly #wakeUp: Deadline = new Deadline({ due: () => this.#wake() })
  #wake: () => void = () => {}
  #pauseMs = FIRST_PAUSE_MS
  #trimmed = false

  constructor(context: StoreContext, stored: StoredStream, keeping: Keeping, owner: OutboxOwner) {
    this.#context = context
    this.#stored = stored
    this.#keeping = keeping
    this.#owner = owner
    this.#keys = [context.keys.meta(stored.facts), context.keys.log(stored.facts)]
    this.#acked = stored.log.lastSeq
    this.#outage = new Outage(context, stored.log, keeping, () => this.#giveUp('outage'))
  }

  get #log(): Log {
    return this.#stored.log
  }

  appended(): void {
    if (!this.#busy && !this.#stopped) this.#context.scheduler.mark(this)
  }

  step(): void {
    if (!this.#busy && !this.#stopped) void this.#sendAll()
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#outage.stop()
    this.#context.scheduler.cancel(this.#wakeUp)
    this.#wake()
  }

  async #sendAll(): Promise<void> {
    const replicates = typeof this.#keeping.durability === 'object'
    this.#busy = true
    while (!this.#stopped && this.#acked < this.#log.lastSeq) {
      const sentAtMs = this.#context.scheduler.now()
      this.#outage.asked(sentAtMs)
      const before = this.#acked
      try {
        const chunk = nextChunk(this.#log, this.#acked)
        if (!chunk) this.#giveUp('lost')
        else {
          const [outcome, detail] = await this.#append(chunk)
          if (this.#stopped) break
          if (outcome === 'ok' && !replicates) this.#acknowledged(chunk.lastSeq)
          else await this.#answered(chunk, outcome, detail)
        }
        this.#succeeded()
        if (this.#acked - before >= MANY_EVENTS) await this.#gather(sentAtMs + DISTANCE_MS)
      } catch (error) {
        await this.#failed(error)
      }
    }
    this.#busy = false
    if (this.#log.end) this.stop()
  }

  async #answered({ lastSeq }: EncodedChunk, outcome: AppendOutcome[0], detail: AppendOutcome[1]): Promise<void> {
    const seq = detail === undefined ? lastSeq : countIn(detail, 'The position of a stream')
    // More than this producer ever wrote, and its epoch stands: these are not its events.
    if (seq > this.#log.lastSeq) return this.#giveUp('lost')
    if (outcome === 'ok' || outcome === 'duplicate') {
      const { durability } = this.#keeping
      if (typeof durability === 'object')
        await confirmReplicas(this.#context, this.#stored, durability.replicas, lastSeq)
      return this.#acknowledged(lastSeq)
    }
    // It has more than was acknowledged here (a reply was lost), or less (it has lost acknowledged events): then the same events
    // go there again, under the same seqs, as long as they are kept here.
    if (outcome === 'gap') return this.#acknowledged(seq)
    if (outcome === 'missing' || outcome === 'foreign') return this.#giveUp(outcome)
    // A producer that was replaced is stopped by this. A store that has forgotten its replacement is asked again.
    await this.#owner.superseded()
    if (this.#log.end || this.#log.lost) this.stop()
  }

  #append({ payload, lastSeq, tokens, usage, end, fold }: EncodedChunk): Promise<AppendOutcome> {
    const { timing, log } = this.#stored
    const append = {
      keys: this.#keys,
      epoch: log.epoch,
      after: this.#acked,
      lastSeq,
      tokens,
      firstSeq: log.firstSeq,
      payload,
    }
    const first = this.#acked === 0
    if (!end && !usage && !first) {
      return this.#context.appendBatcher.append(fold === undefined ? append : { ...append, more: { fold } })
    }
    const ended = end && endedMs(this.#keeping)
    const more = {
      fold,
      usage: usage && toStoredJson(usage),
      end: end && toStoredJson(end),
      timing: end || first ? toStoredJson(timing) : undefined,
      logMs: ended ? ended.logMs : liveMs(this.#keeping),
      metaMs: ended ? ended.metaMs : liveMs(this.#keeping),
    }
    return this.#context.appendBatcher.append({ ...append, more })
  }

  #acknowledged(seq: number): void {
    this.#acked = seq
    if (seq > this.#log.stored) this.#log.storedUpTo(seq)
  }

  #succeeded(): void {
    this.#pauseMs = FIRST_PAUSE_MS
    this.#trimmed = false
    this.#outage.answered()
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#stopped) return
    if (isForeign(error)) return this.#giveUp('foreign')
    if (isOutOfMemory(error)) return this.#makeRoom()
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
    await this.#sleepUntil(this.#context.scheduler.now() + pauseMs)
  }

  /** The older half of this stream makes room for its newest events; if that is not enough, the stream ends. */
  async #makeRoom(): Promise<void> {
    if (this.#trimmed) return this.#giveUp('full')
    this.#trimmed = true
    try {
      const firstSeq = await this.#context.connection.run(SCRIPTS.trim, this.#keys, [this.#log.epoch])
      this.#log.trimTo(numberIn(firstSeq))
    } catch {
      // The next append fails for the same reason.
    }
  }

  #giveUp(reason: UnstorableReason): void {
    this.stop()
    this.#owner.unstorable(reason)
  }

  /** An entry costs Redis the same for one event and for hundreds: a fast source's events are worth a short wait. */
  async #gather(untilMs: number): Promise<void> {
    const isOver = this.#stopped || this.#log.end !== undefined
    if (!isOver && this.#context.scheduler.now() < untilMs) await this.#sleepUntil(untilMs)
  }

  #sleepUntil(timeMs: number): Promise<void> {
    this.#context.scheduler.schedule(this.#wakeUp, timeMs)
    return new Promise((resolve) => (this.#wake = resolve))
  }
}
