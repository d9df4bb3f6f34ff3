import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'

import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { type Bodies, GatheredBytes, type JsonLimits } from '@sluice/core/extend'

import { inflate, tooLarge } from './inflate.ts'
import { measureMessage, noMessage } from './measure-message.ts'

const PREFIX_BYTES = 5
const COMPRESSED = 1

/** How a request is read. */
export interface ReadRequestOptions {
  readonly headers: IncomingHttpHeaders
  readonly maxBytes: number
  readonly bodies: Bodies
  readonly limits: JsonLimits
}

/**
 * The one message of a call whose client streams nothing.
 *
 * Cancellation: rejects when the call is over before the message is there.
 *
 * @throws ConnectError when it is none, or compressed in a way that is not known; SluiceError when it is too large, too slow,
 * or too much beside others
 */
export async function readRequest<Desc extends DescMessage>(
  schema: Desc,
  stream: ServerHttp2Stream,
  { headers, maxBytes, bodies, limits }: ReadRequestOptions,
): Promise<MessageShape<Desc>> {
  const bytes = await readAll(stream, PREFIX_BYTES + maxBytes, bodies)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (body.length < PREFIX_BYTES) throw new ConnectError('The request has no message.', Code.Unimplemented)
  const end = PREFIX_BYTES + body.readUInt32BE(1)
  if (end > PREFIX_BYTES + maxBytes) throw tooLarge(maxBytes)
  if (body.length > end) throw new ConnectError('The request has more than one message.', Code.Unimplemented)
  if (body.length < end) throw new ConnectError('The request breaks off.', Code.InvalidArgument)
  const message = body.subarray(PREFIX_BYTES)
  const encoding = headers['grpc-encoding']
  const plain =
    body[0] === COMPRESSED ? await inflate(message, typeof encoding === 'string' ? encoding : null, maxBytes) : message
  return decodeMessage(schema, plain, limits)
}

/** The message that `bytes` are, once it is known not to be too much. @throws ConnectError `InvalidArgument` */
export function decodeMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  limits: JsonLimits,
): MessageShape<Desc> {
  measureMessage(schema, bytes, limits)
  try {
    return fromBinary(schema, bytes)
  } catch {
    throw noMessage()
  }
}

function readAll(stream: ServerHttp2Stream, maxBytes: number, bodies: Bodies): Promise<Uint8Array> {
  const gathered = new GatheredBytes()
  return new Promise<Uint8Array>((resolve, reject) => {
    const refuse = (error: Error): void => {
      // What still comes is thrown away: the answer is on its way.
      gathered.clear()
      arriving.close()
      reject(error)
    }
    const arriving = bodies.open(refuse)
    const left = (): void => refuse(new ConnectError('The client has left.', Code.Canceled))
    if (stream.destroyed || stream.closed) return left()
    stream.on('data', (piece: Buffer) => {
      if (!arriving.take(piece.length)) return
      if (gathered.length + piece.length > maxBytes) refuse(tooLarge(maxBytes - PREFIX_BYTES))
      else gathered.push(piece)
    })
    stream.on('end', () => {
      arriving.close()
      resolve(gathered.take())
    })
    stream.on('close', left)
    return undefined
  })
}
