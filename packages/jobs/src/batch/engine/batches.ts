import { createSystemRuntime, type Principal, SluiceError } from '@sluice/core'
import { requireInteger, requireKnownNames, Scheduler, WallClock } from '@sluice/core/extend'

import type { DocumentStore, DocumentWrite } from '../../documents/document-store.ts'
import { scopeOf } from '../../documents/scope.ts'
import { LinePlaces } from '../asking/line-places.ts'
import { OpenLines } from '../asking/open-lines.ts'
import { FileRecords } from '../files/file-records.ts'
import type { FileStore } from '../files/file-store.ts'
import { type OwnerUsage, usageOf, writeCounted } from '../files/owner-usage.ts'
import { AdaptiveConcurrency } from '../rate/adaptive-concurrency.ts'
import { type BatchState, beginBatch, isBatchOver, stepBatch } from '../state/batch-machine.ts'
import {
  BATCH_KIND,
  batchOf,
  type BatchRecord,
  batchScope,
  isBatchId,
  type KnownBatch,
  newBatchId,
  partOf,
  placeOf,
  RUNNING,
  valueOf,
} from '../state/batch-record.ts'
import { type ResolvedBatchLimits, resolveLimits, resolveWork, type ResolvedWorkOptions } from '../state/options.ts'
import { BatchEngine } from './batch-engine.ts'
import { type BatchEta, etaOf } from './batch-rate.ts'
import type { BatchesOptions, BatchOwner, NewBatch } from './batches-options.ts'
import { keyWrite, madeBefore, type RepeatKey } from './repeat-key.ts'

/** How long the answers of all lines that are open may have to be held, by the length of their requests. */
const MAX_OPEN_BYTES = 64 * 1024 * 1024
const KEEP_MS = 30 * 24 * 3_600_000
const OPTIONS = ['documents', 'files', 'run', 'limits', 'work', 'pressure', 'keepMs', 'runtime', 'random', 'onError']

/**
 * Batches of requests, and files: what they become is in documents and files, and this process works at them beside others, unless it is
 * told not to.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const run: RunLine = () => Promise.resolve({ statusCode: 200, requestId: null, body: '{}' })
 * const documents = sqliteDocuments({ directory: './data' })
 * const batches = createBatches({ documents, files: directoryFiles({ directory: './data/files' }), run })
 * const resource = createStreamResource({ sluice, identify, extensions: [batchRoutes({ batches })] })
 * ```
 */
export function createBatches(options: BatchesOptions): Batches {
  return new Batches(options)
}

/** @see createBatches */
export class Batches {
  readonly limits: ResolvedBatchLimits
  /** How long files and results are kept whose owner says nothing, in milliseconds. */
  readonly keepMs: number
  readonly files: FileRecords
  readonly documents: DocumentStore
  readonly #files: FileStore
  readonly #clock: WallClock
  readonly #work: ResolvedWorkOptions
  readonly #engine: BatchEngine | undefined

  constructor(options: BatchesOptions) {
    requireKnownNames('batches', options, OPTIONS)
    const {
      documents,
      files,
      work = {},
      keepMs = KEEP_MS,
      runtime = createSystemRuntime(),
      onError = () => {},
    } = options
    this.limits = resolveLimits(options.limits)
    this.keepMs = requireInteger('keepMs', keepMs, 1, 10 * 365 * 24 * 3_600_000)
    this.documents = documents
    this.#files = files
    this.#work = resolveWork(work === false ? {} : work)
    const scheduler = new Scheduler(runtime)
    this.#clock = new WallClock(scheduler)
    this.files = new FileRecords({ documents, files, clock: this.#clock, limits: this.limits })
    if (work === false) return
    const { concurrency } = this.#work
    this.#engine = new BatchEngine({
      documents,
      files,
      records: this.files,
      scheduler,
      clock: this.#clock,
      limits: this.limits,
      work: this.#work,
      places: new LinePlaces(scheduler, new AdaptiveConcurrency({ max: concurrency })),
      open: new OpenLines(concurrency, MAX_OPEN_BYTES),
      run: options.run,
      random: options.random ?? Math.random,
      pressure: options.pressure,
      onError,
    })
  }

  /** Milliseconds since 1970. */
  get nowMs(): number {
    return Math.floor(this.#clock.now())
  }

  /** Batches that are worked at here. */
  get running(): number {
    return this.#engine?.running ?? 0
  }

  /** Whether batches stand back for others now. */
  get isPaused(): boolean {
    return this.#engine?.isPaused ?? false
  }

  /**
   * A batch begins.
   *
   * @throws SluiceError `SLUICE_ERR_QUEUE_FULL` where its owner has too many; `SLUICE_ERR_IDEMPOTENCY_MISMATCH`
   */
  async create(asked: NewBatch, repeat?: RepeatKey): Promise<KnownBatch> {
    const scope = scopeOf(asked.owner)
    const before = repeat && (await this.#madeBefore(asked, repeat))
    if (before) return before
    const { batch, writes, more } = this.prepare(asked, repeat)
    if (await writeCounted(this.documents, { scope, writes, more, limits: this.limits })) return batch
    const meanwhile = repeat && (await this.#madeBefore(asked, repeat))
    if (meanwhile) return meanwhile
    throw new SluiceError('SLUICE_ERR_STORE', 'The batch could not be written down. Try again.', {
      retryAfterMs: 1_000,
    })
  }

  /** What is to be written for a new batch. */
  prepare(asked: NewBatch, repeat?: RepeatKey): PreparedBatch {
    const { dialect, owner, windowMs, total, ...rest } = asked
    const { tenant, owner: name } = owner
    let state: BatchState = beginBatch(this.nowMs, windowMs)
    if (total !== undefined) state = stepBatch(state, { type: 'accept', nowMs: this.nowMs, total }).state
    const record: BatchRecord = {
      dialect,
      ...rest,
      owner: { owner: name, ...(tenant !== undefined && { tenant }) },
      state,
    }
    const batch = { ...record, id: newBatchId(dialect), version: 1 }
    const write = {
      kind: BATCH_KIND,
      id: batch.id,
      after: 0,
      value: valueOf(batch),
      place: placeOf(record),
      dueInMs: 0,
    }
    const key = repeat && keyWrite(scopeOf(owner), dialect, repeat, batch.id)
    return { batch, writes: key ? [write, key] : [write], more: { batches: 1, lines: total ?? 0 } }
  }

  /** The batch of that id, if it is that owner's. */
  async find({ dialect, owner }: BatchOwner, id: string): Promise<KnownBatch | undefined> {
    if (!isBatchId(id)) return undefined
    const found = await this.documents.read({ kind: BATCH_KIND, id })
    return found?.scope === batchScope(dialect, owner) ? batchOf(found) : undefined
  }

  /** Newest first. */
  async list(
    { dialect, owner }: BatchOwner,
    { after, limit }: { after?: string | undefined; limit: number },
  ): Promise<{ batches: readonly KnownBatch[]; more: boolean }> {
    const scope = batchScope(dialect, owner)
    const { documents, more } = await this.documents.list({ kind: BATCH_KIND, scope, after, limit })
    return { batches: documents.map(batchOf), more }
  }

  /** What is asked is not wanted any more; one that is over stays as it is. */
  async cancel(of: BatchOwner, id: string): Promise<KnownBatch | undefined> {
    while (await this.find(of, id)) {
      const found = await this.documents.read({ kind: BATCH_KIND, id })
      if (!found) break
      const batch = batchOf(found)
      const { state } = stepBatch(batch.state, { type: 'cancel', nowMs: this.nowMs })
      if (state === batch.state) return batch
      const next = { ...batch, state }
      // Whoever works at it has it for a whole lease from now; it is looked at at once where nobody does.
      const dueInMs = found.state === RUNNING ? this.#work.leaseMs : 0
      const place = { ...placeOf(next, found.state), priority: found.priority }
      const write = { kind: BATCH_KIND, id, after: found.version, value: valueOf(next), place, dueInMs }
      if ((await this.documents.write([write])).is === 'ok') return { ...next, version: found.version + 1 }
    }
    return undefined
  }

  /** Removes one that is over, with its results. */
  async remove(of: BatchOwner, id: string): Promise<KnownBatch | 'running' | undefined> {
    const batch = await this.find(of, id)
    if (!batch) return undefined
    if (!isBatchOver(batch.state)) return 'running'
    for (const file of [batch.outputs?.output, batch.outputs?.errors]) {
      if (file !== undefined) await this.files.remove(scopeOf(of.owner), file)
    }
    await this.documents.write([{ kind: BATCH_KIND, id, after: batch.version }])
    return batch
  }

  /** All results of one that is over: those that succeeded, then the others. */
  async *results(batch: KnownBatch): AsyncGenerator<Uint8Array> {
    for (const part of ['output', 'errors'] as const) {
      if (batch.outputs?.[part] !== undefined) yield* this.#files.read(partOf(batch.id, part))
    }
  }

  /** When it will be over, as far as that can be said. */
  eta(batch: KnownBatch): BatchEta | null {
    return etaOf(batch, this.nowMs)
  }

  /** What an owner has. */
  usage(owner: Principal): Promise<OwnerUsage> {
    return usageOf(this.documents, scopeOf(owner))
  }

  /** Works at none any more; what is being asked has its time, and others go on. Idempotent. */
  async stop(): Promise<void> {
    await this.#engine?.stop()
  }

  async #madeBefore({ dialect, owner }: BatchOwner, repeat: RepeatKey): Promise<KnownBatch | undefined> {
    const id = await madeBefore(this.documents, { scope: scopeOf(owner), route: dialect, repeat })
    return id === undefined ? undefined : this.find({ dialect, owner }, id)
  }
}

/** A batch, and what writes it down. */
export interface PreparedBatch {
  readonly batch: KnownBatch
  readonly writes: readonly DocumentWrite[]
  readonly more: Partial<OwnerUsage>
}
