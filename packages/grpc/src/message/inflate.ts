import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { Code, ConnectError } from '@connectrpc/connect'
import { SluiceError } from '@sluice/core'

const decompress = promisify(gunzip)

/**
 * What `message` is without its compression.
 *
 * @throws ConnectError for what is compressed in a way that is not known, or not at all; SluiceError when it is too large
 */
export async function inflate(message: Uint8Array, encoding: string | null, maxBytes: number): Promise<Uint8Array> {
  if (encoding !== 'gzip')
    throw new ConnectError('The request is compressed in an unknown way; gzip is known.', Code.Unimplemented)
  try {
    return await decompress(message, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new ConnectError('The request cannot be decompressed.', Code.InvalidArgument)
  }
}

export function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('SLUICE_ERR_TOO_LARGE', `A request message has at most ${maxBytes} bytes.`)
}
