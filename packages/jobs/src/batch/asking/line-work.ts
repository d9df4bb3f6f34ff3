import { isSluiceError } from '@sluice/core'
import type { Scheduler } from '@sluice/core/extend'

import { askLine, type RunLine } from './ask-line.ts'
import { type BatchState, restOf } from '../state/batch-machine.ts'
import type { KnownBatch } from '../state/batch-record.ts'
import type { InputLine } from '../state/input-lines.ts'
import { countedAs, type LineFormat, type LineOutcome, unaskedLine } from '../state/line-format.ts'
import type { LinePlace, LinePlaces } from './line-places.ts'
import type { OpenLines } from './open-lines.ts'
import type { ResolvedWorkOptions } from '../state/options.ts'
import type { OutputWriter } from './output-writer.ts'

/** How lines are asked, by all batches of a process. */
export interface LineWorkParts {
  readonly scheduler: Scheduler
  readonly work: ResolvedWorkOptions
  readonly places: LinePlaces
  readonly open: OpenLines
  readonly run: RunLine
  readonly random: () => number
}

/** The batch whose lines these are. */
export interface WorkedBatch {
  /** As it is now. */
  readonly batch: () => KnownBatch
  readonly format: LineFormat
  readonly writer: OutputWriter
  /** A line was answered, and that is written. */
  readonly answered: (tookMs: number) => void
}

/** Lines that are not asked any more are written together. */
const UNASKED_AT_ONCE = 512

/** Finishes the lines of a batch, from where they were left: each is asked, or told why it is not. */
export class LineWork {
  readonly #parts: LineWorkParts
  readonly #of: WorkedBatch
  /** No line begins any more. */
  readonly #starting: AbortController = new AbortController()
  /** No answer is wanted any more. */
  readonly #asking: AbortController = new AbortController()
  readonly #inFlight: Set<Promise<void>> = new Set()
  #failure: unknown
  #isInputLost = false

  constructor(parts: LineWorkParts, of: WorkedBatch) {
    this.#parts = parts
    this.#of = of
  }

  get writer(): OutputWriter {
    return this.#of.writer
  }

  /** What went wrong, so that nothing more is done. */
  get failure(): unknown {
    return this.#failure
  }

  /** Whether the input was not there any more. */
  get isInputLost(): boolean {
    return this.#isInputLost
  }

  /** Settles when nothing is left to do, or to be waited for. Never rejects. */
  async finish(lines: AsyncIterable<InputLine>): Promise<void> {
    try {
      for await (const line of lines) {
        if (this.#rest === 'ask' && (await this.#ask(line))) continue
        const rest = this.#rest
        if (this.#failure !== undefined || rest === 'ask' || rest === 'nothing') break
        await this.#writeUnasked(line, rest)
      }
    } catch (error) {
      this.#isInputLost = isSluiceError(error) && error.code === 'SLUICE_ERR_NOT_FOUND'
      if (!this.#isInputLost) this.fail(error)
    }
    await Promise.all(this.#inFlight)
  }

  /** Begins nothing more; what is being asked goes on. */
  stop(): void {
    this.#starting.abort()
  }

  /** Waits for no answer any more. */
  cut(): void {
    this.#starting.abort()
    this.#asking.abort()
  }

  fail(error: unknown): void {
    this.#failure ??= error
    this.cut()
  }

  get #rest(): ReturnType<typeof restOf> {
    const state: BatchState = this.#of.batch().state
    return restOf(state)
  }

  /** True: it has begun. */
  async #ask(line: InputLine): Promise<boolean> {
    const { open, places } = this.#parts
    const { signal } = this.#starting
    if (!(await open.take(line.length, signal))) return false
    const place = await places.take(signal)
    if (place) this.#track(this.#askBegun(line, place).finally(() => open.release(line.length)))
    else open.release(line.length)
    return place !== undefined
  }

  async #askBegun(line: InputLine, place: LinePlace): Promise<void> {
    try {
      await this.writer.begin(line)
    } catch (error) {
      place.release('void')
      throw error
    }
    const { id: batch, endpoint, owner } = this.#of.batch()
    const { line: number, customId, body } = line
    const { run, scheduler, places, random, work } = this.#parts
    const beganMs = scheduler.now()
    const rules = { run, scheduler, places, random, lineMs: work.lineMs, attempts: work.attempts }
    const asked = { batch, line: number, customId, endpoint, body, owner }
    const begun = { line: asked, attempts: line.attempts + 1, place }
    const outcome = (await askLine(begun, rules, this.#asking.signal)) ?? this.#unasked(line)
    if (!outcome) return
    await this.#write(outcome)
    this.#of.answered(scheduler.now() - beganMs)
  }

  /** What is said of a line whose answer is not waited for any more; nothing where it is asked again later. */
  #unasked(line: InputLine): LineOutcome | undefined {
    const rest = this.#rest
    return rest === 'cancelled' || rest === 'expired' ? unaskedLine(line, rest) : undefined
  }

  async #writeUnasked(line: InputLine, rest: 'cancelled' | 'expired'): Promise<void> {
    const begun = this.writer.begin(line)
    this.#track(begun.then(() => this.#write(unaskedLine(line, rest))))
    if (this.#inFlight.size >= UNASKED_AT_ONCE) await Promise.all(this.#inFlight)
  }

  #write(outcome: LineOutcome): Promise<void> {
    return this.writer.finish(outcome.line, countedAs(outcome), this.#of.format.write(outcome))
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.fail(error))
      .finally(() => void this.#inFlight.delete(tracked))
    this.#inFlight.add(tracked)
  }
}
