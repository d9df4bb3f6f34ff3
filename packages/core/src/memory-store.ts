import { Deadline, type Due } from './deadlines.ts'
import { SluiceError } from './errors.ts'
import type { EndEvent } from './event.ts'
import { Hub } from './hub.ts'
import { Log } from './log.ts'
import type { LogAccount } from './log-options.ts'
import type { LogWatcher } from './log-parties.ts'
import { requireInteger, requireKnownNames, withDefault } from './option-rules.ts'
import { beginRecord, type RecordState, stepRecord } from './record-machine.ts'
import { createSystemRuntime, type Runtime } from './runtime.ts'
import type {
  Begun,
  CloseOptions,
  Closing,
  Found,
  Keeping,
  Store,
  StoredStream,
  StoreRef,
  StreamFacts,
  StreamName,
  Tombstone,
} from './store.ts'

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Bytes that all logs may hold. Ended ones are given up for it, oldest end first. Default 256 MiB. */
  maxBytes?: number | undefined
  /** Tombstones remembered. Default 10,000. */
  maxTombstones?: number | undefined
  runtime?: Runtime | undefined
}

/** Defaults of {@link MemoryStoreOptions}. */
export const DEFAULT_MEMORY_STORE_OPTIONS: { readonly maxBytes: number; readonly maxTombstones: number } = {
  maxBytes: 256 * 1024 * 1024,
  maxTombstones: 10_000,
}

/** One stream as this store keeps it; it hears of its end, and of its time. */
class MemoryRecord implements Due, LogWatcher {
  leaseUntilMs: number
  readonly stream: StoredStream
  readonly retentionMs: number
  /** Set when the stream has ended. */
  expiry: Deadline | undefined
  readonly #store: MemoryStore

  constructor(store: MemoryStore, stream: StoredStream, leaseUntilMs: number, retentionMs: number) {
    this.#store = store
    this.stream = stream
    this.leaseUntilMs = leaseUntilMs
    this.retentionMs = retentionMs
    stream.log.watchers.add(this)
  }

  due(): void {
    this.#store.bury(this)
  }

  ended(): void {
    this.#store.ending(this)
  }
}

/**
 * Streams in this process's memory: the log alone. Several sluices that share one such store share its streams.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ store: createMemoryStore({ maxBytes: 64 * 1024 * 1024 }) })
 * ```
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options)
}

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly shared = false
  readonly #maxBytes: number
  readonly #maxTombstones: number
  readonly #hub: Hub
  readonly #records: Map<string, MemoryRecord> = new Map()
  readonly #live: Map<string, string> = new Map()
  readonly #repeats: Map<string, string> = new Map()
  /** Ended streams, oldest end first. */
  readonly #ended: Set<MemoryRecord> = new Set()
  readonly #tombstones: Map<string, Tombstone> = new Map()
  readonly #account: LogAccount = { bytes: 0, grown: () => this.#evict() }

  constructor(options: MemoryStoreOptions) {
    requireKnownNames('memory store', options, ['maxBytes', 'maxTombstones', 'runtime'])
    this.#maxBytes = requireInteger(
      'maxBytes',
      withDefault(options.maxBytes, DEFAULT_MEMORY_STORE_OPTIONS.maxBytes),
      1024,
      2 ** 40,
    )
    this.#maxTombstones = requireInteger(
      'maxTombstones',
      withDefault(options.maxTombstones, DEFAULT_MEMORY_STORE_OPTIONS.maxTombstones),
      0,
      10_000_000,
    )
    this.#hub = new Hub(withDefault(options.runtime, createSystemRuntime()), false)
  }

  begin(facts: StreamFacts, keeping: Keeping): Begun {
    const repeatKey =
      facts.idempotency && scoped(facts.tenant, `${facts.owner.length}:${facts.owner}${facts.idempotency.key}`)
    const repeated = repeatKey === undefined ? undefined : this.#records.get(this.#repeats.get(repeatKey) ?? '')
    if (repeated) {
      const same = repeated.stream.facts.idempotency?.fingerprint === facts.idempotency?.fingerprint
      return same ? { is: 'repeated', stream: repeated.stream } : { is: 'mismatch' }
    }
    const liveKey = facts.key === undefined ? undefined : scoped(facts.tenant, facts.key)
    const running = liveKey === undefined ? undefined : this.#records.get(this.#live.get(liveKey) ?? '')
    if (running) return { is: 'running', stream: running.stream }
    this.#admit()
    const record = this.#create(facts, keeping)
    if (liveKey !== undefined) this.#live.set(liveKey, facts.id)
    if (repeatKey !== undefined) this.#repeats.set(repeatKey, facts.id)
    return { is: 'new', stream: record.stream }
  }

  find(ref: StoreRef): Found {
    const id = 'id' in ref ? ref.id : this.#live.get(scoped(ref.tenant, ref.key))
    if (id === undefined) return { is: 'unknown' }
    const record = this.#recordOf({ tenant: ref.tenant, id })
    if (record) return { is: 'stream', stream: record.stream }
    const tombstone = this.#tombstones.get(id)
    return tombstone?.facts.tenant === ref.tenant ? { is: 'tombstone', tombstone } : { is: 'unknown' }
  }

  close(stream: StreamName, end: EndEvent, { epoch }: CloseOptions = {}): Closing {
    const record = this.#recordOf(stream)
    if (!record) return { is: 'missing' }
    const { log } = record.stream
    if (epoch !== undefined && epoch !== log.epoch && !log.end) return { is: 'missing' }
    const { state, outcome } = stepRecord(stateOf(record), { type: 'close', end })
    if (outcome === 'ok') {
      log.epoch = state.epoch
      log.append(end)
    }
    return { is: 'closed', first: outcome === 'ok', end: state.end!, epoch: state.epoch, seq: state.seq }
  }

  erase(stream: StreamName): void {
    const record = this.#recordOf(stream)
    if (record) this.bury(record)
  }

  renew(streams: readonly StreamName[], leaseMs: number): readonly StreamName[] {
    const nowMs = this.#hub.now()
    return streams.filter((stream) => {
      const record = this.#recordOf(stream)
      if (!record) return true
      const step = stepRecord(stateOf(record), { type: 'renew', epoch: record.stream.log.epoch, nowMs, leaseMs })
      record.leaseUntilMs = step.state.leaseUntilMs
      return step.outcome !== 'ok'
    })
  }

  usage(): { bytes: number; streams: number; live: number } {
    return { bytes: this.#account.bytes, streams: this.#records.size, live: this.#records.size - this.#ended.size }
  }

  dispose(): void {
    for (const { expiry } of this.#ended) if (expiry) this.#hub.cancel(expiry)
  }

  #recordOf({ tenant, id }: StreamName): MemoryRecord | undefined {
    const record = this.#records.get(id)
    return record?.stream.facts.tenant === tenant ? record : undefined
  }

  #create(facts: StreamFacts, keeping: Keeping): MemoryRecord {
    const log = new Log(facts.id, 1, { retentionBytes: keeping.retentionBytes, account: this.#account })
    const { leaseUntilMs } = beginRecord(this.#hub.now(), keeping.leaseMs)
    const record = new MemoryRecord(this, { facts, log, timing: {} }, leaseUntilMs, keeping.retentionMs)
    this.#records.set(facts.id, record)
    return record
  }

  /** @internal */
  ending(record: MemoryRecord): void {
    this.#forgetKey(record)
    this.#ended.add(record)
    record.expiry = new Deadline(record)
    this.#hub.schedule(record.expiry, this.#hub.now() + record.retentionMs)
    this.#evict()
  }

  #forgetKey({ stream: { facts } }: MemoryRecord): void {
    if (facts.key === undefined) return
    const key = scoped(facts.tenant, facts.key)
    if (this.#live.get(key) === facts.id) this.#live.delete(key)
  }

  /** @internal */
  bury(record: MemoryRecord): void {
    const { facts, log } = record.stream
    if (record.expiry) this.#hub.cancel(record.expiry)
    this.#records.delete(facts.id)
    this.#ended.delete(record)
    this.#forgetKey(record)
    if (facts.idempotency) {
      this.#repeats.delete(scoped(facts.tenant, `${facts.owner.length}:${facts.owner}${facts.idempotency.key}`))
    }
    const { id, tenant, owner, key } = facts
    this.#tombstones.set(id, { facts: { id, tenant, owner, key }, epoch: log.epoch, seq: log.lastSeq, end: log.end })
    if (this.#tombstones.size > this.#maxTombstones) this.#tombstones.delete(this.#tombstones.keys().next().value!)
    log.clear()
  }

  /** Ended logs go first, oldest end first; one that is being read goes too: its readers are told. */
  #evict(): void {
    for (const record of this.#ended) {
      if (this.#account.bytes <= this.#maxBytes) return
      this.bury(record)
    }
  }

  #admit(): void {
    if (this.#account.bytes <= this.#maxBytes) return
    this.#evict()
    if (this.#account.bytes <= this.#maxBytes) return
    throw new SluiceError(
      'SLUICE_ERR_OVERLOADED',
      'Running streams use all the memory there is for logs; try again later.',
      {
        retryAfterMs: 5_000,
      },
    )
  }
}

/** The log is the record: what the machine decides on is read from it. */
function stateOf({ stream: { log }, leaseUntilMs }: MemoryRecord): RecordState {
  return { epoch: log.epoch, seq: log.lastSeq, end: log.end, leaseUntilMs }
}

/** Tenant and key as one map key; the length makes `a:b` + `c` differ from `a` + `b:c`. */
function scoped(tenant: string, key: string): string {
  return `${tenant.length}:${tenant}${key}`
}
