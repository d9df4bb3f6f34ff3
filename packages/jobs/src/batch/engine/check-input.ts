import { isSluiceError } from '@sluice/core'
import { hostTurn } from '@sluice/core/extend'

import { BatchInput, isLineError } from '../lines/batch-input.ts'
import type { LineError } from '../lines/line-error.ts'
import { readLines } from '../lines/line-splitter.ts'
import type { BatchCommand, BatchProblem } from '../state/batch-machine.ts'
import type { InputFile } from '../state/input-lines.ts'

/** What the input of a batch is checked by. */
export interface CheckedInput extends InputFile {
  readonly endpoint: string
  readonly maxLines: number
  /** Stops the check. */
  readonly signal: AbortSignal
}

/** What an input is. */
export type InputVerdict =
  | { readonly is: 'good'; readonly total: number; readonly model: string | undefined }
  | { readonly is: 'bad'; readonly problems: readonly BatchProblem[] }
  /** It is not there any more. */
  | { readonly is: 'lost' }
  /** It was stopped. */
  | { readonly is: 'unknown' }

/** How many mistakes are told: whoever made so many has made one. */
const MOST_PROBLEMS = 100
/** After so many lines others have a turn. */
const LINES_PER_TURN = 64

/** Looks at every line of an input, of which memory has one at a time. */
export async function checkInput(checked: CheckedInput): Promise<InputVerdict> {
  const { files, input, endpoint, maxLines, maxLineBytes, signal } = checked
  const lines = new BatchInput({ endpoint, maxLines })
  const problems: BatchProblem[] = []
  try {
    for await (const line of readLines(files.read(input.name, { to: input.bytes }), { maxLineBytes })) {
      if (signal.aborted) return { is: 'unknown' }
      const found = lines.take(line)
      if (isLineError(found)) {
        problems.push(problemOf(found))
        if (found.code === 'too_many_lines' || problems.length === MOST_PROBLEMS) return { is: 'bad', problems }
      }
      if (lines.lines % LINES_PER_TURN === 0) await hostTurn()
    }
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_NOT_FOUND') return { is: 'lost' }
    throw error
  }
  const last = lines.end()
  if (last) problems.push(problemOf(last))
  return problems.length > 0 ? { is: 'bad', problems } : { is: 'good', total: lines.lines, model: lines.model }
}

/** What a verdict means for the batch. */
export function commandOf(verdict: Exclude<InputVerdict, { is: 'unknown' }>, nowMs: number): BatchCommand {
  if (verdict.is === 'good') return { type: 'accept', nowMs, total: verdict.total, model: verdict.model }
  return verdict.is === 'bad' ? { type: 'refuse', nowMs, problems: verdict.problems } : lostCommand(null, nowMs)
}

/** The input was deleted; `line` is the first one that nobody can read any more. */
export function lostCommand(line: number | null, nowMs: number): BatchCommand {
  const message = 'The input file was deleted before the batch was over. Upload it again, and make another batch.'
  const problem = { code: 'input_file_deleted', message, param: 'input_file_id', line }
  return { type: 'lose', nowMs, problem }
}

/** Its owner has too many lines: `message` says so. */
export function tooManyCommand(message: string, nowMs: number): BatchCommand {
  return { type: 'refuse', nowMs, problems: [{ code: 'line_limit_exceeded', message, param: null, line: null }] }
}

function problemOf({ code, message, line, param }: LineError): BatchProblem {
  return { code, message, param: param ?? null, line }
}
