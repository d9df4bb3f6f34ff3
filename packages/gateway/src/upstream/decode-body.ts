import type { IncomingMessage } from 'node:http'
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'

import { BackendFailure } from './failure.ts'

/** What every piece says is told at once, not when a window is full. */
const FLUSH = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH }
const BROTLI_FLUSH = {
  flush: zlib.constants.BROTLI_OPERATION_FLUSH,
  finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
}

/** The decoder of a content coding; nothing for one that is not known. */
function decoderOf(coding: string): Transform | undefined {
  if (coding === 'gzip' || coding === 'x-gzip') return zlib.createGunzip(FLUSH)
  if (coding === 'deflate') return zlib.createInflate(FLUSH)
  if (coding === 'br') return zlib.createBrotliDecompress(BROTLI_FLUSH)
  // Node before 22.15 knows no zstd.
  if (coding === 'zstd' && typeof zlib.createZstdDecompress === 'function') return zlib.createZstdDecompress()
  return undefined
}

/** Whether a body is sent as it is. */
export function isPlain({ headers }: IncomingMessage): boolean {
  return codingsOf(headers['content-encoding']).length === 0
}

/**
 * The body of an answer, decoded: a backend, or a proxy before it, may compress what was asked for plain.
 *
 * @throws BackendFailure for a coding that is not known
 */
export function decodedBody(answer: IncomingMessage): Readable {
  const codings = codingsOf(answer.headers['content-encoding'])
  if (codings.length === 0) return answer
  const decoders = codings.reverse().map((coding) => {
    const decoder = decoderOf(coding)
    if (decoder) return decoder
    answer.destroy()
    const message = `The backend answers with Content-Encoding: ${coding}`
    throw new BackendFailure('encoding', message, { told: 'The backend answers in an encoding that is not known.' })
  })
  const body = new PassThrough()
  // A failure of one is the body's own.
  pipeline([answer, ...decoders, body], () => {})
  return body
}

function codingsOf(header: string | undefined): string[] {
  const codings = (header ?? '').split(',').map((coding) => coding.trim().toLowerCase())
  return codings.filter((coding) => coding !== '' && coding !== 'identity')
}
