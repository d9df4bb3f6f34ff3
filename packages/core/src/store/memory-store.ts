import { Deadline } from '../clock/deadlines.ts'
import type { EndEvent } from '../events/event.ts'
import { Scheduler, type Steppable } from '../clock/scheduler.ts'
import { Log } from '../log/log.ts'
import type { LogAccount } from '../log/log-options.ts'
import { MemoryIndex } from './memory-index.ts'
import { MemoryRecord, type RecordOwner } from './memory-record.ts'
import { type MemoryStoreOptions, resolveMemoryStoreOptions } from './memory-store-options.ts'
import { beginRecord, stepRecord } from './record-machine.ts'
import type { Begun, CloseOptions, Closing, Found, Keeping, Store, StoreRef, StreamName } from './store.ts'
import type { StreamFacts } from './stream-facts.ts'
import { storeFull } from './store-full.ts'
import { RUNNING_COST_BYTES, streamBytes } from './stream-size.ts'
import { Tombstones } from './tombstones.ts'

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

class MemoryStore implements Store, RecordOwner {
  readonly name = 'memory'
  readonly shared = false
  readonly #maxBytes: number
  readonly #scheduler: Scheduler
  readonly #index: MemoryIndex = new MemoryIndex()
  /** Ended streams, oldest end first. */
  readonly #ended: Set<MemoryRecord> = new Set()
  readonly #tombstones: Tombstones
  readonly #account: LogAccount = { bytes: 0, grown: () => this.#evict() }
  readonly #eviction: Steppable = { dirty: false, step: () => this.#evict() }

  constructor(options: MemoryStoreOptions) {
    const { maxBytes, maxTombstones, runtime } = resolveMemoryStoreOptions(options)
    this.#maxBytes = maxBytes
    this.#tombstones = new Tombstones({ maxBytes, maxTombstones })
    this.#scheduler = new Scheduler(runtime, false)
  }

  begin(facts: StreamFacts, keeping: Keeping): Begun {
    const repeated = this.#index.repeated(facts)
    if (repeated) {
      const same = repeated.stream.facts.idempotency?.fingerprint === facts.idempotency?.fingerprint
      return same ? { is: 'repeated', stream: repeated.stream } : { is: 'mismatch' }
    }
    const running = this.#index.running(facts)
    if (running) return { is: 'running', stream: running.stream }
    this.#admit()
    return { is: 'new', stream: this.#create(facts, keeping).stream }
  }

  find(ref: StoreRef): Found {
    const record = this.#index.find(ref)
    if (record) return { is: 'stream', stream: record.stream }
    const tombstone = 'id' in ref ? this.#tombstones.get(ref.id) : undefined
    return tombstone?.facts.tenant === ref.tenant ? { is: 'tombstone', tombstone } : { is: 'unknown' }
  }

  close(stream: StreamName, end: EndEvent, { epoch }: CloseOptions = {}): Closing {
    const record = this.#index.find(stream)
    if (!record) return { is: 'missing' }
    const { log } = record.stream
    if (epoch !== undefined && epoch !== log.epoch && !log.end) return { is: 'missing' }
    const { state, outcome } = stepRecord(record.state, { type: 'close', end })
    if (outcome === 'ok') {
      log.epoch = state.epoch
      log.append(end)
    }
    return { is: 'closed', first: outcome === 'ok', end: state.end!, epoch: state.epoch, seq: state.seq }
  }

  erase(stream: StreamName): void {
    const record = this.#index.find(stream)
    if (!record) return
    this.#bury(record)
    record.stream.log.clear()
  }

  renew(streams: readonly StreamName[], leaseMs: number): readonly StreamName[] {
    const nowMs = this.#scheduler.now()
    return streams.filter((stream) => {
      const record = this.#index.find(stream)
      if (!record) return true
      const step = stepRecord(record.state, { type: 'renew', epoch: record.stream.log.epoch, nowMs, leaseMs })
      record.leaseUntilMs = step.state.leaseUntilMs
      return step.outcome !== 'ok'
    })
  }

  usage(): { bytes: number; streams: number; live: number } {
    return { bytes: this.#account.bytes, streams: this.#index.size, live: this.#index.size - this.#ended.size }
  }

  dispose(): void {
    for (const { expiry } of this.#ended) if (expiry) this.#scheduler.cancel(expiry)
  }

  ending(record: MemoryRecord): void {
    this.#index.freeKey(record)
    this.#ended.add(record)
    record.expiry = new Deadline(record)
    // Not before the turn is over: those who are told of the end next have yet to look at the whole.
    this.#scheduler.schedule(record.expiry, this.#scheduler.now() + record.retentionMs)
    this.#scheduler.mark(this.#eviction)
  }

  /** Found no more from now on; whoever reads it now is given the rest, and its end. */
  expire(record: MemoryRecord): void {
    this.#bury(record)
    record.leave()
  }

  #bury(record: MemoryRecord): void {
    const { facts, log } = record.stream
    if (record.expiry) this.#scheduler.cancel(record.expiry)
    this.#index.delete(record)
    this.#ended.delete(record)
    const { id, tenant, owner, key } = facts
    this.#tombstones.add({ facts: { id, tenant, owner, key }, epoch: log.epoch, seq: log.lastSeq, end: log.end })
  }

  #create(facts: StreamFacts, keeping: Keeping): MemoryRecord {
    const log = new Log(facts.id, 1, {
      retentionBytes: keeping.retentionBytes,
      account: this.#account,
      streamBytes: streamBytes(facts),
    })
    log.chargeRunning(RUNNING_COST_BYTES)
    const { leaseUntilMs } = beginRecord(this.#scheduler.now(), keeping.leaseMs)
    const record = new MemoryRecord(this, { facts, log, timing: {} }, leaseUntilMs, keeping.retentionMs)
    this.#index.add(record)
    return record
  }

  /** Ended logs go first, oldest end first. One that is being read would give nothing back until its readers have the rest. */
  #evict(): void {
    for (const record of this.#ended) {
      if (this.#account.bytes <= this.#maxBytes) return
      if (record.stream.log.readers.size === 0) this.expire(record)
    }
  }

  #admit(): void {
    if (this.#account.bytes <= this.#maxBytes) return
    this.#evict()
    if (this.#account.bytes <= this.#maxBytes) return
    throw storeFull(this.#maxBytes)
  }
}
