import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

import { recordTraces, SluiceError, type TraceRecorder } from '@sluice/core'

import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'

/** What waits for a file that takes none of it: beyond that nothing is recorded. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** What writes down when tokens come. */
export interface Recording extends TraceRecorder {
  /** Settles when all that was recorded is in the file. */
  close(): Promise<void>
}

/**
 * Records into `file`, below what it holds already: a line of JSON for each answer. One that cannot be written any more is
 * a warning, and stops no answer.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 */
export async function openRecording(file: string, log: Log): Promise<Recording> {
  // When tokens come tells little, and is still nobody else's business.
  const lines = createWriteStream(file, { flags: 'a', mode: 0o600 })
  try {
    await once(lines, 'open')
  } catch (error) {
    const why = describeError(error)
    throw new SluiceError('SLUICE_ERR_OPTION', `The file of --record (SLUICE_RECORD_FILE) cannot be written: ${why}`, {
      cause: error,
    })
  }
  let broken = false
  let isLate = false
  lines.on('error', (error) => {
    broken = true
    log.warn(`nothing more is recorded: ${file} cannot be written: ${describeError(error)}`)
  })
  return {
    ...recordTraces((trace) => {
      if (broken) return
      const wasLate = isLate
      isLate = lines.writableLength > MAX_WAITING_BYTES
      if (!isLate) lines.write(`${JSON.stringify(trace)}\n`)
      else if (!wasLate) log.warn(`answers are not recorded: ${file} does not take what waits for it`)
    }),
    close: () => new Promise<void>((resolve) => (broken ? resolve() : lines.end(resolve))),
  }
}
