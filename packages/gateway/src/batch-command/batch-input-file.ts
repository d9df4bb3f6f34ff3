import { createReadStream } from 'node:fs'

import { SluiceError } from '@sluice/core'
import { BATCH_ENDPOINTS, BatchInput, isLineError, type LineError, readLines, requestBody } from '@sluice/jobs/batch'

import { Ledger } from './ledger.ts'
import type { PendingLine } from './line-runner.ts'

/** Lines of a file, at most: what is kept of each is some 20 bytes. */
const MAX_LINES = 10_000_000
const SHOWN_ERRORS = 10
/** What vLLM has beside the endpoints of others. */
const ENDPOINTS = [...BATCH_ENDPOINTS, '/v1/score', '/v1/rerank']

/** An input that is right. */
export interface CheckedInput {
  readonly ledger: Ledger
  readonly endpoint: string
}

/**
 * Reads a whole input, keeps which lines it has, and nothing of what they say.
 *
 * @throws SluiceError `SLUICE_ERR_BATCH_INPUT`, naming the first lines that are wrong
 */
export async function checkInput(path: string): Promise<CheckedInput> {
  const input = new BatchInput({ endpoints: ENDPOINTS, maxLines: MAX_LINES })
  const ledger = new Ledger(input.ids)
  const errors: LineError[] = []
  let wrong = 0
  for await (const line of readLines(createReadStream(path))) {
    const found = input.take(line)
    if (!isLineError(found)) {
      ledger.expect(found.line)
      continue
    }
    wrong++
    if (errors.length < SHOWN_ERRORS) errors.push(found)
    if (found.code === 'too_many_lines') break
  }
  const end = input.end()
  if (end) errors.push(end)
  if (errors.length === 0) return { ledger, endpoint: input.endpoint! }
  const more = wrong > errors.length ? [`${wrong - errors.length} more lines are wrong.`] : []
  const told = [`Nothing was sent: ${path} is not right.`, ...errors.map(({ message }) => message), ...more]
  throw new SluiceError('SLUICE_ERR_BATCH_INPUT', told.join('\n'))
}

/**
 * The lines that are to be done yet, in their order.
 *
 * @throws SluiceError `SLUICE_ERR_BATCH_INPUT` where the file is another one than before
 */
export async function* pendingLines(path: string, ledger: Ledger): AsyncGenerator<PendingLine, void, undefined> {
  for await (const { number, bytes } of readLines(createReadStream(path))) {
    if (!ledger.isWaiting(number)) continue
    const customId = idOf(bytes)
    if (customId === undefined || ledger.lineOf(customId) !== number) {
      const message = `${path} has changed while it was read: line ${number} is another one. Run the command again.`
      throw new SluiceError('SLUICE_ERR_BATCH_INPUT', message)
    }
    yield { number, customId, body: requestBody({ bytes }) }
  }
}

function idOf(bytes: Uint8Array): string | undefined {
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as { custom_id?: string }).custom_id
  } catch {
    return undefined
  }
}
