import type { WallClock } from '@sluice/core/extend'
import { isSluiceError } from '@sluice/core'

import type { DocumentStore, StoredDocument } from '../../documents/document-store.ts'
import type { FileRecords } from '../files/file-records.ts'
import { type FileStore, fileStoreError } from '../files/file-store.ts'
import { endWrites, removeLeftovers, withOutputs } from './batch-end.ts'
import { BatchLease } from './batch-lease.ts'
import { type BatchCommand, type BatchState, isBatchOver, restOf, stepBatch } from '../state/batch-machine.ts'
import { type KnownBatch, partOf, WAITING } from '../state/batch-record.ts'
import { checkInput, commandOf, lostCommand, tooManyCommand } from './check-input.ts'
import { type Checkpoint, FIRST_CHECKPOINT, type PartNames, recoverCheckpoint } from '../state/checkpoint.ts'
import { type InputFile, unfinishedLines } from '../state/input-lines.ts'
import type { RateLog } from '../rate/rate-log.ts'
import { Fence } from '../state/fence.ts'
import { Superseded } from '../state/superseded.ts'
import { lineFormatOf } from '../state/line-format.ts'
import { LineWork, type LineWorkParts } from '../asking/line-work.ts'
import type { ResolvedBatchLimits } from '../state/options.ts'
import { OutputWriter } from '../asking/output-writer.ts'
import { pause } from '../asking/pause.ts'
import { rateLogOf } from './batch-rate.ts'

/** What all batches of a process share. */
export interface BatchRunParts extends LineWorkParts {
  readonly documents: DocumentStore
  readonly files: FileStore
  readonly records: FileRecords
  readonly clock: WallClock
  readonly limits: ResolvedBatchLimits
  readonly onError: (error: unknown) => void
}

/** How often it is written down how far a batch is. */
const NOTE_MS = 1_000
/** When a batch whose store failed is tried again. */
const AGAIN_MS = 5_000

/** One batch, worked off by one process for as long as nobody else has it. */
export class BatchRun {
  readonly #parts: BatchRunParts
  readonly #lease: BatchLease
  readonly #names: PartNames
  readonly #over: AbortController = new AbortController()
  readonly #leaving: AbortController = new AbortController()
  #nudge: AbortController = new AbortController()
  #lines: LineWork | undefined
  #rate: RateLog | undefined
  #failure: unknown

  constructor(parts: BatchRunParts, claimed: StoredDocument) {
    this.#parts = parts
    this.#lease = new BatchLease(parts.documents, claimed, parts.work.leaseMs)
    const { id } = claimed
    const [output, errors] = [partOf(id, 'output'), partOf(id, 'errors')]
    this.#names = { output, errors, begun: partOf(id, 'begun'), fence: partOf(id, 'fence') }
  }

  /** Works until the batch is over, or somebody else's. Never rejects. */
  async work(): Promise<void> {
    const noting = this.#noteOn()
    try {
      while (!this.#isDone) await this.#workOnce()
    } catch (error) {
      this.#fail(error)
    }
    this.#over.abort()
    this.#nudge.abort()
    await noting
    const failure = this.#failure
    if (failure !== undefined && !(failure instanceof Superseded)) this.#parts.onError(failure)
    if (!(failure instanceof Superseded) && !isBatchOver(this.#state)) await this.#giveBack()
  }

  /** Begins nothing more; what is being asked has its time. */
  leave(): void {
    this.#leaving.abort()
    this.#lines?.stop()
    const { scheduler, work } = this.#parts
    void pause(scheduler, work.drainMs, this.#over.signal).then(() => this.#lines?.cut())
  }

  /** Somebody may have written to it. */
  readonly look = (): void => this.#nudge.abort()

  get #state(): BatchState {
    return this.#lease.batch.state
  }

  get #isDone(): boolean {
    return isBatchOver(this.#state) || this.#leaving.signal.aborted || this.#failure !== undefined
  }

  async #workOnce(): Promise<void> {
    if (this.#state.inProgressAtMs === undefined) return this.#check()
    const { checkpoint = FIRST_CHECKPOINT, id, dialect } = this.#lease.batch
    const format = lineFormatOf(dialect, id)
    const { files } = this.#parts
    // First: what is found then is all that there will be of those who had it before. And if that is this one: it may be over by now.
    await this.#lease.renew()
    const fence = await Fence.raise(files, this.#names.fence)
    await this.#lease.renew()
    const from = await recoverCheckpoint(files, this.#names, {
      checkpoint,
      readFinished: (bytes, part) => format.read(bytes, part),
    })
    const writer = new OutputWriter({ files, names: this.#names, fence }, from)
    const rate = (this.#rate ??= rateLogOf(this.#lease.batch, this.#nowMs))
    const answered = (tookMs: number): void => rate.add(this.#nowMs, tookMs)
    const lines = new LineWork(this.#parts, { batch: () => this.#lease.batch, format, writer, answered })
    this.#lines = lines
    this.#obey()
    if (restOf(this.#state) !== 'nothing') await lines.finish(unfinishedLines(this.#input, from))
    // One who had it before has raised the fence: whose the batch is now, its document says.
    if (lines.failure instanceof Superseded) return this.#lease.renew()
    if (lines.failure !== undefined) throw lines.failure
    if (lines.isInputLost && this.#state.problems === undefined)
      return this.#step(lostCommand(writer.checkpoint.line + 1, this.#nowMs))
    if (!this.#leaving.signal.aborted) await this.#conclude()
  }

  async #check(): Promise<void> {
    const { limits } = this.#parts
    const { endpoint, dialect } = this.#lease.batch
    const maxLines = dialect === 'openai' ? limits.batchLines : Number.MAX_SAFE_INTEGER
    const verdict = await checkInput({ ...this.#input, endpoint, maxLines, signal: this.#leaving.signal })
    if (verdict.is === 'unknown') return
    try {
      await this.#step(commandOf(verdict, this.#nowMs))
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_QUEUE_FULL') throw error
      await this.#step(tooManyCommand(error.message, this.#nowMs))
    }
  }

  /** Nothing is left to be asked. What was written down last may be older than that. */
  async #conclude(): Promise<void> {
    await this.#note()
    const before = this.#state
    await this.#step({ type: 'finish', nowMs: this.#nowMs })
    if (isBatchOver(this.#state)) return
    // Somebody has cancelled it meanwhile, say. If not, lines are missing that were there when it was looked at.
    if (this.#state === before) throw fileStoreError('the input of a batch is not as it was when it was looked at')
    await this.#step({ type: 'finish', nowMs: this.#nowMs })
  }

  async #step(command: BatchCommand): Promise<void> {
    const { records, limits } = this.#parts
    const { checkpoint } = this.#lease.batch
    const sizes = (this.#lines?.writer.checkpoint ?? checkpoint)?.sizes
    await this.#lease.change(
      (batch) => {
        const { state } = stepBatch(batch.state, command)
        if (state === batch.state) return batch
        return isBatchOver(state) ? withOutputs({ ...batch, state }, sizes) : { ...batch, state }
      },
      (batch) => {
        if (isBatchOver(batch.state)) return endWrites(records, batch, sizes)
        return command.type === 'accept' ? { more: { lines: batch.state.counts.total }, limits } : {}
      },
    )
    this.#obey()
    if (isBatchOver(this.#state)) await removeLeftovers(this.#parts, this.#lease.batch, this.#names)
  }

  /** Writes down how far it is, and that it is still worked at. @throws Superseded */
  async #note(): Promise<void> {
    const checkpoint = await this.#lasting()
    const wrote = await this.#lease.change((batch) => this.#noted(batch, checkpoint))
    if (!wrote) await this.#lease.renew()
    this.#obey()
  }

  /** How far it is, in words that stay true after a power cut. */
  async #lasting(): Promise<Checkpoint | undefined> {
    const checkpoint = this.#lines?.writer.checkpoint
    if (checkpoint && checkpoint !== this.#lease.batch.checkpoint) {
      await this.#parts.files.sync(Object.values(this.#names))
    }
    return checkpoint
  }

  #noted(batch: KnownBatch, checkpoint: Checkpoint | undefined): KnownBatch {
    const expired = stepBatch(batch.state, { type: 'expire', nowMs: this.#nowMs }).state
    if (!checkpoint || checkpoint === batch.checkpoint)
      return expired === batch.state ? batch : { ...batch, state: expired }
    const { state } = stepBatch(expired, { type: 'count', counts: checkpoint.counts })
    const log = this.#rate?.toJSON()
    return { ...batch, state, checkpoint, ...(log && { rate: { log, atMs: this.#nowMs } }) }
  }

  /** What is asked now is not wanted any more where the batch was cancelled, or its time is over. */
  #obey(): void {
    if (restOf(this.#state) !== 'ask') this.#lines?.cut()
    else if (this.#leaving.signal.aborted) this.#lines?.stop()
  }

  /** From time to time it is written down how far the batch is, and looked at what others want of it. */
  async #noteOn(): Promise<void> {
    const { scheduler, work } = this.#parts
    const everyMs = Math.min(NOTE_MS, work.leaseMs / 4)
    let confirmedMs = scheduler.now()
    while (!this.#over.signal.aborted) {
      await pause(scheduler, Math.max(0, confirmedMs + everyMs - scheduler.now()), this.#nudge.signal)
      if (this.#over.signal.aborted) return
      this.#nudge = new AbortController()
      try {
        const isTime = scheduler.now() >= confirmedMs + everyMs
        // What it has written itself is no news.
        if (!isTime && !(await this.#lease.refresh())) continue
        await this.#note()
        confirmedMs = scheduler.now()
      } catch (error) {
        // Others may have it by now, or soon.
        if (error instanceof Superseded || scheduler.now() - confirmedMs > work.leaseMs) return this.#fail(error)
        await pause(scheduler, everyMs, this.#over.signal)
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#lines?.fail(error)
  }

  /** Somebody else may go on with it: at once where this process ends, later where something is wrong. */
  async #giveBack(): Promise<void> {
    const dueInMs = this.#failure === undefined ? 0 : AGAIN_MS
    try {
      const checkpoint = await this.#lasting()
      await this.#lease.change(
        (batch) => ({ ...this.#noted(batch, checkpoint) }),
        () => ({ state: WAITING, dueInMs }),
      )
    } catch (error) {
      // The lease runs out by itself.
      if (!(error instanceof Superseded)) this.#parts.onError(error)
    }
  }

  get #input(): InputFile {
    const { files, limits } = this.#parts
    return { files, input: this.#lease.batch.input, maxLineBytes: limits.lineBytes }
  }

  get #nowMs(): number {
    return Math.floor(this.#parts.clock.now())
  }
}
