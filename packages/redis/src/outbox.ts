import { Deadline, type Log, type LogFollower, type Steppable, type StoredStream, type Keeping } from '@sluice/core'

import { encodeChunk, type EncodedChunk } from './chunk-codec.ts'
import type { AppendOutcome } from './appends.ts'
import { isOutOfMemory } from './link.ts'
import { SCRIPTS } from './scripts.ts'
import { endedMs, liveMs, type Shop, SILENT_MS } from './shop.ts'

/** What the owner of an outbox is asked and told. */
export interface OutboxOwner {
  /** Another producer, or a close from outside, has the stream now. */
  superseded(): Promise<void>
  /** The store has lost the stream, or cannot take it: nothing more can be stored. */
  unstorable(why: 'missing' | 'lost' | 'outage' | 'full'): void
}

/** Events looked at for one entry; its bytes are bounded by the codec. */
const MAX_EVENTS = 2_048
const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 500
/** A source that gives so many events while an append is under way is a fast one: its appends keep this distance. */
const MANY_EVENTS = 8
const DISTANCE_MS = 2
/** How long replicas may take before they are asked again. */
const REPLICAS_MS = SILENT_MS / 2

/**
 * Carries a log's events to Redis: one append is under way at a time, and what is appended meanwhile goes with the next.
 * Knows what the store has, and heals a store that has lost some of it.
 */
export class Outbox implements Steppable, LogFollower {
  dirty = false
  readonly #shop: Shop
  readonly #stored: StoredStream
  readonly #keeping: Keeping
  readonly #owner: OutboxOwner
  /** Meta and log. */
  readonly #keys: readonly [string, string]
  /** What the store is believed to have. */
  #acked: number
  #busy = false
  #stopped = false
  /** Since when the store has not taken what it was given. */
  #waitingSinceMs: number | undefined
  /** Set while something is under way, and a little longer: most are called off by nobody, and find nothing to do. */
  readonly #patience: Deadline = new Deadline({ due: () => this.#impatient() })
  #isPatient = false
  readonly #again: Deadline = new Deadline({ due: () => this.#goOn() })
  #goOn: () => void = () => {}
  #pauseMs = FIRST_PAUSE_MS
  #trimmed = false
  /** True while readers here are served without the store. */
  #ahead = false

  constructor(shop: Shop, stored: StoredStream, keeping: Keeping, owner: OutboxOwner) {
    this.#shop = shop
    this.#stored = stored
    this.#keeping = keeping
    this.#owner = owner
    this.#keys = [shop.names.meta(stored.facts), shop.names.log(stored.facts)]
    this.#acked = stored.log.lastSeq
  }

  get #replicates(): boolean {
    return typeof this.#keeping.durability === 'object'
  }

  get #log(): Log {
    return this.#stored.log
  }

  appended(): void {
    if (!this.#busy && !this.#stopped) this.#shop.hub.mark(this)
  }

  step(): void {
    if (!this.#busy && !this.#stopped) void this.#carry()
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    const { hub } = this.#shop
    hub.cancel(this.#patience)
    hub.cancel(this.#again)
    this.#goOn()
  }

  async #carry(): Promise<void> {
    this.#busy = true
    while (!this.#stopped && this.#acked < this.#log.lastSeq) {
      const sentAtMs = this.#shop.hub.now()
      this.#waitingSinceMs ??= sentAtMs
      this.#watch()
      const before = this.#acked
      try {
        const chunk = this.#nextChunk()
        if (!chunk) this.#giveUp('lost')
        else {
          const [outcome, detail] = await this.#append(chunk)
          if (this.#stopped) break
          if (outcome === 'ok' && !this.#replicates) this.#took(chunk.lastSeq)
          else await this.#answered(chunk, outcome, detail)
        }
        this.#works()
        if (this.#acked - before >= MANY_EVENTS) await this.#gather(sentAtMs + DISTANCE_MS)
      } catch (error) {
        await this.#failed(error)
      }
    }
    this.#busy = false
    if (this.#log.end) this.stop()
  }

  /** What the store does not have yet; `undefined` where it is not kept here any more either. */
  #nextChunk(): EncodedChunk | undefined {
    const log = this.#log
    const firstSeq = this.#acked + 1
    if (firstSeq < log.firstSeq) return undefined
    const epoch = log.epochOf(firstSeq)
    return encodeChunk({ epoch, firstSeq, events: log.slice(firstSeq, this.#lastOf(epoch, firstSeq)) })
  }

  async #answered({ lastSeq }: EncodedChunk, outcome: AppendOutcome[0], detail: AppendOutcome[1]): Promise<void> {
    if (outcome === 'ok' || outcome === 'duplicate') {
      const { durability } = this.#keeping
      if (typeof durability === 'object') await this.#replicated(durability.replicas, lastSeq)
      return this.#took(lastSeq)
    }
    if (outcome === 'gap') return this.#gap(Number(detail))
    if (outcome === 'missing') return this.#giveUp('missing')
    // Whoever was replaced is stopped by this. A store that has forgotten the one who replaced us is asked again.
    await this.#owner.superseded()
    if (this.#log.end || this.#log.lost) this.stop()
  }

  /** An entry has one epoch: what an earlier producer had written may have to be written again before our own. */
  #lastOf(epoch: number, firstSeq: number): number {
    const log = this.#log
    let lastSeq = Math.min(log.lastSeq, firstSeq - 1 + MAX_EVENTS)
    while (lastSeq > firstSeq && log.epochOf(lastSeq) !== epoch) lastSeq--
    return lastSeq
  }

  #append({ payload, lastSeq, tokens, usage, end }: EncodedChunk): Promise<AppendOutcome> {
    const { timing, log } = this.#stored
    const append = { keys: this.#keys, epoch: log.epoch, after: this.#acked, lastSeq, tokens, payload }
    const first = this.#acked === 0
    if (!end && !usage && !first) return this.#shop.appends.append(append)
    const ended = end && endedMs(this.#keeping)
    const more = {
      usage: usage && JSON.stringify(usage),
      end: end && JSON.stringify(end),
      timing: end || first ? JSON.stringify(timing) : undefined,
      logMs: ended ? ended.logMs : liveMs(this.#keeping),
      metaMs: ended ? ended.metaMs : liveMs(this.#keeping),
    }
    return this.#shop.appends.append({ ...append, more })
  }

  #took(seq: number): void {
    this.#acked = seq
    if (seq > this.#log.stored) this.#log.storedUpTo(seq)
  }

  /** Readers here and elsewhere are shown nothing that fewer replicas have. */
  async #replicated(replicas: number, seq: number): Promise<void> {
    const { link, names } = this.#shop
    const { facts, log } = this.#stored
    const meta = names.meta(facts)
    for (;;) {
      const reached = await link.ask(() => waitFor(link.commands, meta, replicas))
      if (reached >= replicas) break
      throw new Error(`only ${reached} of ${replicas} replicas have it`)
    }
    await link.run(SCRIPTS.confirm, [meta], [log.epoch, seq, names.channel(facts)])
  }

  /**
   * The store has more than we knew (a reply was lost), or less than it had said (it has lost what it acknowledged): then
   * the same events go there again, under the same seqs, as long as they are kept here.
   */
  #gap(seq: number): void {
    const log = this.#log
    if (seq > log.lastSeq) return this.#giveUp('lost')
    this.#acked = seq
    if (seq > log.stored) log.storedUpTo(seq)
  }

  #works(): void {
    this.#waitingSinceMs = undefined
    this.#pauseMs = FIRST_PAUSE_MS
    this.#trimmed = false
    if (!this.#ahead) return
    this.#ahead = false
    this.#log.fallIn(this.#keeping.durability === 'write-behind' ? 'appended' : 'stored')
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#stopped) return
    if (isOutOfMemory(error)) return this.#full()
    await this.#pause()
  }

  /** What an outage asks for is done in time, whatever the command under way does. */
  #watch(): void {
    if (this.#isPatient) return
    const { hub, options } = this.#shop
    this.#isPatient = true
    hub.schedule(
      this.#patience,
      this.#waitingSinceMs! + (options.onStoreOutage === 'end' ? options.outageMs : SILENT_MS),
    )
  }

  #impatient(): void {
    this.#isPatient = false
    const { hub, options } = this.#shop
    const sinceMs = this.#waitingSinceMs
    if (sinceMs === undefined || this.#stopped) return
    const ends = options.onStoreOutage === 'end'
    if (hub.now() - sinceMs < (ends ? options.outageMs : SILENT_MS)) return this.#watch()
    if (ends) return this.#giveUp('outage')
    if (this.#ahead) return
    this.#ahead = true
    this.#log.runAhead()
  }

  /** The older half of this stream makes room for its newest; if that is not enough, it ends. */
  async #full(): Promise<void> {
    if (this.#trimmed) return this.#giveUp('full')
    this.#trimmed = true
    const { link, names } = this.#shop
    const { facts, log } = this.#stored
    try {
      await link.run(SCRIPTS.trim, [names.meta(facts), names.log(facts)], [log.epoch])
    } catch {
      // The append says what is the matter.
    }
  }

  #giveUp(why: 'missing' | 'lost' | 'outage' | 'full'): void {
    this.stop()
    this.#owner.unstorable(why)
  }

  #pause(): Promise<void> {
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
    return this.#sleepUntil(this.#shop.hub.now() + pauseMs)
  }

  /** An entry costs Redis the same for one event and for hundreds: a fast source's are worth a short wait. */
  async #gather(untilMs: number): Promise<void> {
    const isOver = this.#stopped || this.#log.end !== undefined
    if (!isOver && this.#shop.hub.now() < untilMs) await this.#sleepUntil(untilMs)
  }

  #sleepUntil(timeMs: number): Promise<void> {
    this.#shop.hub.schedule(this.#again, timeMs)
    return new Promise((resolve) => (this.#goOn = resolve))
  }
}

/** `WAIT` on the node that has `key`: a cluster would else ask any. */
async function waitFor(client: Shop['link']['commands'], key: string, replicas: number): Promise<number> {
  const results = await client.pipeline().exists(key).wait(replicas, REPLICAS_MS).exec()
  const [error, reached] = results?.[1] ?? [new Error('no answer to WAIT')]
  if (error) throw error
  return Number(reached)
}
