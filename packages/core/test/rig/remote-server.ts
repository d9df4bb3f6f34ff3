import type { EndEvent, Json, Runtime } from '@sluice/core'
import {
  beginRecord,
  type CloseOptions,
  type Closing,
  type Keeping,
  type Logged,
  type RecordOutcome,
  type RecordState,
  stepRecord,
  type StoreRef,
  type StreamFacts,
  type StreamName,
  type Tombstone,
} from '@sluice/core/extend'
import { type Client, type ServerStream, type Snapshot, snapshotOf, tell, tellReaders } from './remote-stream.ts'

/** Answer to a look-up. */
export type Looked =
  | { is: 'stream'; snapshot: Snapshot }
  | { is: 'tombstone'; tombstone: Tombstone }
  | { is: 'unknown' }

/** Neighbouring events of one epoch. */
export interface Batch {
  readonly epoch: number
  readonly after: number
  readonly events: readonly Logged[]
}

/** Who closes a stream, and how. */
export interface Closer extends CloseOptions {
  readonly asker: Client
}

/** Answer to a start. */
export type ServerBegun = { is: 'new' | 'running' | 'repeated'; stream: ServerStream } | { is: 'mismatch' }

/** What all processes share: the record machine over plain lists, each call one atomic step. It knows no delay. */
export class RemoteServer {
  readonly streams: Map<string, ServerStream> = new Map()
  readonly tombstones: Map<string, Tombstone> = new Map()
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  begin(facts: StreamFacts, keeping: Keeping, producer: Client): ServerBegun {
    const all = [...this.streams.values()]
    const repeated = all.find(
      (other) =>
        facts.idempotency !== undefined &&
        other.facts.idempotency?.key === facts.idempotency.key &&
        other.facts.tenant === facts.tenant &&
        other.facts.owner === facts.owner,
    )
    if (repeated) {
      const same = repeated.facts.idempotency!.fingerprint === facts.idempotency!.fingerprint
      return same ? { is: 'repeated', stream: repeated } : { is: 'mismatch' }
    }
    const running = facts.key === undefined ? undefined : this.byKey(facts.tenant, facts.key)
    if (running) return { is: 'running', stream: running }
    const stream: ServerStream = {
      facts,
      keeping,
      producer,
      events: [],
      followers: new Set([producer]),
      presence: new Map(),
      state: beginRecord(this.#runtime.now(), keeping.leaseMs),
      cancelExpiry: undefined,
    }
    this.streams.set(facts.id, stream)
    return { is: 'new', stream }
  }

  byName({ tenant, id }: StreamName): ServerStream | undefined {
    const stream = this.streams.get(id)
    return stream?.facts.tenant === tenant ? stream : undefined
  }

  byKey(tenant: string, key: string): ServerStream | undefined {
    return [...this.streams.values()].find(
      ({ facts, state }) => !state.end && facts.tenant === tenant && facts.key === key,
    )
  }

  /** Whoever asks as `follower` is told from then on what happens to the stream. */
  find(ref: StoreRef, follower: Client | undefined): Looked {
    const stream = 'id' in ref ? this.byName(ref) : this.byKey(ref.tenant, ref.key)
    if (stream) {
      if (follower) stream.followers.add(follower)
      return { is: 'stream', snapshot: snapshotOf(stream) }
    }
    const tombstone = 'id' in ref ? this.tombstones.get(ref.id) : undefined
    return tombstone?.facts.tenant === ref.tenant ? { is: 'tombstone', tombstone } : { is: 'unknown' }
  }

  /** What a producer's batch becomes. */
  append(name: StreamName, { epoch, after, events }: Batch): RecordOutcome | 'missing' {
    const stream = this.byName(name)
    if (!stream) return 'missing'
    const last = events.at(-1)
    const end = typeof last === 'object' && last.type === 'end' ? last : undefined
    const { state, outcome } = stepRecord(stream.state, { type: 'append', epoch, after, count: events.length, end })
    if (outcome !== 'ok') return outcome
    for (const event of events) stream.events.push({ epoch, event })
    this.#wrote(stream, state)
    tell(stream, { is: 'appended', epoch, after, events }, stream.producer)
    return 'ok'
  }

  close(name: StreamName, end: EndEvent, { asker, unlessAttended, epoch }: Closer): Closing {
    const stream = this.byName(name)
    if (!stream) return { is: 'missing' }
    if (!stream.state.end) {
      if (epoch !== undefined && epoch !== stream.state.epoch) return { is: 'missing' }
      const besides = [...stream.presence].some(([client, { readers }]) => client !== asker && readers > 0)
      if (unlessAttended && besides) return { is: 'attended' }
    }
    const { state, outcome } = stepRecord(stream.state, { type: 'close', end })
    const first = outcome === 'ok'
    if (first) {
      stream.events.push({ epoch: state.epoch, event: end })
      this.#wrote(stream, state)
      tell(stream, { is: 'closed', epoch: state.epoch, seq: state.seq, end })
    }
    return { is: 'closed', first, end: state.end!, epoch: state.epoch, seq: state.seq }
  }

  erase(name: StreamName): void {
    const stream = this.byName(name)
    if (!stream) return
    const { id, tenant, owner, key } = stream.facts
    const { epoch, seq, end } = stream.state
    stream.cancelExpiry?.()
    this.streams.delete(id)
    this.tombstones.set(id, { facts: { id, tenant, owner, key }, epoch, seq, end })
    tell(stream, { is: 'erased' })
  }

  renew(name: StreamName, client: Client, leaseMs: number): boolean {
    const stream = this.byName(name)
    if (stream?.producer !== client) return false
    const nowMs = this.#runtime.now()
    // An end from outside takes the next epoch, and is the only thing that does without a new producer.
    const epoch = stream.state.end ? 0 : stream.state.epoch
    const step = stepRecord(stream.state, { type: 'renew', epoch, nowMs, leaseMs })
    stream.state = step.state
    return step.outcome === 'ok'
  }

  /** Gives a stream whose lease has lapsed to another producer. */
  takeOver(name: StreamName, client: Client): Snapshot | undefined {
    const stream = this.byName(name)
    if (!stream) return undefined
    const { leaseMs } = stream.keeping
    const step = stepRecord(stream.state, { type: 'takeOver', nowMs: this.#runtime.now(), leaseMs })
    if (step.outcome !== 'ok') return undefined
    stream.state = step.state
    stream.producer = client
    stream.followers.add(client)
    stream.presence.delete(client)
    return snapshotOf(stream)
  }

  /** Tells the producer who reads elsewhere. */
  tellReaders(name: StreamName): void {
    const stream = this.byName(name)
    if (stream) tellReaders(stream)
  }

  present(name: StreamName, client: Client, here: { readers: number; furthestSeq: number }): void {
    const stream = this.byName(name)
    if (!stream || client === stream.producer) return
    stream.presence.set(client, here)
    tellReaders(stream)
  }

  send(name: StreamName, message: Json, answer: (taken: boolean) => void): void {
    const stream = this.byName(name)
    if (!stream || stream.state.end) answer(false)
    else stream.producer.message(name.id, message, answer)
  }

  grant(name: StreamName, asker: Client, reader: string, seq: number): number {
    const stream = this.byName(name)
    if (!stream) return 0
    tell(stream, { is: 'granted', reader, seq }, asker)
    return [...stream.followers].filter((client) => client !== asker).length
  }

  dispose(): void {
    for (const { cancelExpiry } of this.streams.values()) cancelExpiry?.()
  }

  #wrote(stream: ServerStream, state: RecordState): void {
    stream.state = state
    if (!state.end) return
    stream.cancelExpiry = this.#runtime.after(stream.keeping.retentionMs, () => this.erase(stream.facts), false)
  }
}
