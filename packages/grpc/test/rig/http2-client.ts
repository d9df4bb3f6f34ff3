import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'

import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf'

/** A connection that keeps to its windows by itself: nothing between the test and HTTP/2. */
export function openSession(url: string, settings: { initialWindowSize?: number } = {}): ClientHttp2Session {
  const session = connect(url, { settings })
  session.on('error', () => {})
  return session
}

/** Begins a call with what it sends. */
export function beginCall(
  session: ClientHttp2Session,
  method: string,
  body: Buffer,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const call = session.request({
    ':method': 'POST',
    ':path': `/sluice.v1.TokenStreamService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  call.on('error', () => {})
  call.end(body)
  return call
}

/** A message of the service as gRPC sends it. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc> = {} as never): Buffer {
  return frame(toBinary(schema, create(schema, message)))
}

/** A message as gRPC sends it. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
