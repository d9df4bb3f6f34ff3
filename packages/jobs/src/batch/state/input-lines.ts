import { SluiceError } from '@sluice/core'
import { JsonObjectText } from '@sluice/core/extend'

import type { FileStore } from '../files/file-store.ts'
import { readLines } from '../lines/line-splitter.ts'
import type { BatchSource } from './batch-record.ts'
import type { Checkpoint, OpenLine } from './checkpoint.ts'
import { readWhole } from './read-whole.ts'

/** A line that is to be finished. */
export interface InputLine extends OpenLine {
  readonly customId: string
  /** JSON, digit for digit as the line has it. */
  readonly body: string
}

/** Where lines are read from. */
export interface InputFile {
  readonly files: FileStore
  readonly input: BatchSource
  readonly maxLineBytes: number
}

/** The lines that are not finished, in the order of the file: those that had begun before come first. `attempts` is how often each had begun. */
export async function* unfinishedLines(
  { files, input, maxLineBytes }: InputFile,
  { open, line: before, offset, ahead: finished }: Checkpoint,
): AsyncGenerator<InputLine> {
  for (const one of open) {
    const bytes = await readWhole(files.read(input.name, { from: one.offset, to: one.offset + one.length }))
    yield { ...one, ...requestOf(bytes, one.line) }
  }
  // What is read first is what ends the line before: that number is given to a blank one.
  const done = new Set(finished)
  const ahead = Math.max(before, 1) - 1
  const rest = readLines(files.read(input.name, { from: offset, to: input.bytes }), { maxLineBytes })
  for await (const { number, offset: at, bytes } of rest) {
    if (done.has(number + ahead)) continue
    const place = { line: number + ahead, offset: offset + at, length: bytes.length }
    yield { ...place, attempts: 0, ...requestOf(bytes, place.line) }
  }
}

/** The input was looked at before: what is no request now was changed behind our back. */
function requestOf(bytes: Uint8Array, line: number): Pick<InputLine, 'customId' | 'body'> {
  try {
    const members = JsonObjectText.of(bytes)
    const customId: unknown = JSON.parse(members.valueOf('custom_id')!)
    const body = members.valueOf('body')
    if (typeof customId === 'string' && body !== undefined) return { customId, body }
  } catch {
    // It is told below.
  }
  throw new SluiceError('SLUICE_ERR_STORE', `Line ${line} of the input is not as it was when it was looked at.`)
}
