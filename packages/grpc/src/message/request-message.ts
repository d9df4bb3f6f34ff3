import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { SluiceError } from '@sluice/core'

const PREFIX_BYTES = 5
const COMPRESSED = 1
const decompress = promisify(gunzip)

/**
 * The one message of a call whose client streams nothing.
 *
 * Cancellation: rejects when the call is over before the message is there.
 *
 * @throws ConnectError when it is none, or compressed in a way that is not known; SluiceError when it is too large
 */
export async function readRequest<Desc extends DescMessage>(
  schema: Desc,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  maxBytes: number,
): Promise<MessageShape<Desc>> {
  const body = await readAll(stream, PREFIX_BYTES + maxBytes)
  if (body.length < PREFIX_BYTES) throw new ConnectError('The request has no message.', Code.Unimplemented)
  const end = PREFIX_BYTES + body.readUInt32BE(1)
  if (end > PREFIX_BYTES + maxBytes) throw tooLarge(maxBytes)
  if (body.length > end) throw new ConnectError('The request has more than one message.', Code.Unimplemented)
  if (body.length < end) throw new ConnectError('The request breaks off.', Code.InvalidArgument)
  const message = body.subarray(PREFIX_BYTES)
  const plain = body[0] === COMPRESSED ? await inflate(message, headers['grpc-encoding'], maxBytes) : message
  try {
    return fromBinary(schema, plain)
  } catch {
    throw new ConnectError('The request is not the message that this method takes.', Code.InvalidArgument)
  }
}

function readAll(stream: ServerHttp2Stream, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    stream.on('data', (piece: Buffer) => {
      length += piece.length
      if (length <= maxBytes) return void pieces.push(piece)
      // What still comes is thrown away: the answer is on its way.
      pieces.length = 0
      reject(tooLarge(maxBytes - PREFIX_BYTES))
    })
    stream.on('end', () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
    stream.on('close', () => reject(new ConnectError('The client has left.', Code.Canceled)))
  })
}

async function inflate(message: Buffer, encoding: string | string[] | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding !== 'gzip')
    throw new ConnectError('The request is compressed in an unknown way; gzip is known.', Code.Unimplemented)
  try {
    return await decompress(message, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new ConnectError('The request cannot be decompressed.', Code.InvalidArgument)
  }
}

function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('SLUICE_ERR_TOO_LARGE', `A request message has at most ${maxBytes} bytes.`)
}
