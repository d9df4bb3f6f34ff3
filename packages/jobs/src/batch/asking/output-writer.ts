import { joinBytes } from '@sluice/core/extend'

import type { FilePiece, FileStore } from '../files/file-store.ts'
import { begunEntry, type Checkpoint, type FinishedLine, type OpenLine, type PartNames } from '../state/checkpoint.ts'
import type { Fence } from '../state/fence.ts'
import type { InputLine } from '../state/input-lines.ts'
import { Superseded } from '../state/superseded.ts'

interface Beginning {
  readonly line: InputLine
  readonly begun: PromiseWithResolvers<void>
}

interface Finishing {
  readonly line: number
  readonly as: FinishedLine['as']
  readonly bytes: Uint8Array
  readonly written: PromiseWithResolvers<void>
}

/** Where it is written. */
export interface WrittenTo {
  readonly files: FileStore
  readonly names: PartNames
  readonly fence: Fence
}

/** How much is written at once. */
const MOST_BYTES = 4 * 1024 * 1024

const ENCODER = new TextEncoder()

/**
 * Writes down what begins and what is finished, and knows how far the batch is by it. What comes while something is being written goes
 * together, next. Whoever has lost the batch is refused: so nobody writes a line twice.
 */
export class OutputWriter {
  readonly #files: FileStore
  readonly #names: PartNames
  readonly #fence: Fence
  readonly #open: Map<number, OpenLine>
  #ahead: readonly number[]
  #line: number
  #offset: number
  #sizes: Checkpoint['sizes']
  #counts: Checkpoint['counts']
  #beginnings: Beginning[] = []
  #finishings: Finishing[] = []
  #isBeginning = false
  #isFinishing = false
  #failure: unknown
  #checkpoint: Checkpoint | undefined

  constructor({ files, names, fence }: WrittenTo, from: Checkpoint) {
    this.#files = files
    this.#names = names
    this.#fence = fence
    this.#open = new Map(from.open.map((line) => [line.line, line]))
    this.#ahead = from.ahead
    this.#line = from.line
    this.#offset = from.offset
    this.#sizes = from.sizes
    this.#counts = from.counts
  }

  /** How far it is: all of it is written. The same object as long as nothing changes. */
  get checkpoint(): Checkpoint {
    return (this.#checkpoint ??= {
      line: this.#line,
      offset: this.#offset,
      open: [...this.#open.values()],
      ahead: this.#ahead,
      sizes: this.#sizes,
      counts: this.#counts,
    })
  }

  /** A line begins once this settles: whoever comes after a crash knows it. */
  begin(line: InputLine): Promise<void> {
    const begun = Promise.withResolvers<void>()
    this.#beginnings.push({ line, begun })
    void this.#writeBeginnings()
    return begun.promise
  }

  /** A line is finished once this settles. A power cut takes it only where no checkpoint tells of it: then it is asked again. */
  finish(line: number, as: FinishedLine['as'], text: string): Promise<void> {
    const written = Promise.withResolvers<void>()
    this.#finishings.push({ line, as, bytes: ENCODER.encode(text), written })
    void this.#writeFinishings()
    return written.promise
  }

  async #writeBeginnings(): Promise<void> {
    if (this.#isBeginning) return
    this.#isBeginning = true
    while (this.#beginnings.length > 0) {
      const batch = this.#beginnings.splice(0)
      const bytes = ENCODER.encode(batch.map(({ line }) => begunEntry(line)).join(''))
      const at = this.#sizes.begun
      const error = await this.#append([{ name: this.#names.begun, at, bytes }])
      this.#checkpoint = undefined
      if (!error) {
        this.#sizes = { ...this.#sizes, begun: at + bytes.length }
        for (const { line } of batch) this.#hasBegun(line)
      }
      for (const { begun } of batch) settle(begun, error)
    }
    this.#isBeginning = false
  }

  async #writeFinishings(): Promise<void> {
    if (this.#isFinishing) return
    this.#isFinishing = true
    while (this.#finishings.length > 0) {
      const batch = this.#finishings.splice(0, countOf(this.#finishings))
      const output = joinBytes(batch.filter(({ as }) => as === 'succeeded').map(({ bytes }) => bytes))
      const errors = joinBytes(batch.filter(({ as }) => as !== 'succeeded').map(({ bytes }) => bytes))
      const at = this.#sizes
      const error = await this.#append([
        { name: this.#names.output, at: at.output, bytes: output },
        { name: this.#names.errors, at: at.errors, bytes: errors },
      ])
      this.#checkpoint = undefined
      if (!error) {
        const sizes = { output: at.output + output.length, errors: at.errors + errors.length }
        this.#sizes = { ...this.#sizes, ...sizes }
        for (const { line, as } of batch) {
          this.#open.delete(line)
          this.#counts = { ...this.#counts, [as]: this.#counts[as] + 1 }
        }
      }
      for (const { written } of batch) settle(written, error)
    }
    this.#isFinishing = false
  }

  #hasBegun({ line, offset, length, attempts }: InputLine): void {
    this.#open.set(line, { line, offset, length, attempts: attempts + 1 })
    if (line <= this.#line) return
    if (this.#ahead.length > 0) this.#ahead = this.#ahead.filter((one) => one > line)
    this.#line = line
    this.#offset = offset + length
  }

  /** What went wrong; after that nothing is written any more: where the files end is not known. */
  async #append(pieces: readonly FilePiece[]): Promise<unknown> {
    if (this.#failure !== undefined) return this.#failure
    try {
      const all = [this.#fence.piece, ...pieces]
      if (!(await this.#files.append(all))) this.#failure = new Superseded('The batch has moved on.')
    } catch (error) {
      this.#failure = error
    }
    return this.#failure
  }
}

/** How many of them fit into one piece; one does in any case. */
function countOf(finishings: readonly Finishing[]): number {
  let bytes = 0
  for (const [index, finishing] of finishings.entries()) {
    bytes += finishing.bytes.length
    if (index > 0 && bytes > MOST_BYTES) return index
  }
  return finishings.length
}

function settle({ resolve, reject }: PromiseWithResolvers<void>, error: unknown): void {
  if (error === undefined) resolve()
  else reject(error as Error)
}
