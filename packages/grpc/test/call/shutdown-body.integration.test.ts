import { once } from 'node:events'
import { createServer, type IncomingMessage, request as requestHttp } from 'node:http'
import { connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { createSluice } from '@sluice/core'
import { createGrpcHandler, createGrpcServer, type GrpcHandlerOptions } from '@sluice/grpc'
import { expect, test } from 'vitest'

import { sayingForEver } from '../rig/rig.ts'

/** A message of which more is announced than ever comes. */
const HALF = Buffer.concat([Buffer.from([0, 0, 0, 1, 0]), Buffer.from('{"input":')])
const START = '/sluice.v1.TokenStreamService/Start'
const INFO = '/sluice.v1.TokenStreamService/Info'

interface Kind {
  readonly path: string
  readonly type: string
  readonly body: Buffer
  /** How the answer names the status. */
  readonly told: RegExp
}

const CONNECT_STREAM: Kind = { path: START, type: 'application/connect+json', body: HALF, told: /"code":"unavailable"/ }
const CONNECT_UNARY: Kind = {
  path: INFO,
  type: 'application/json',
  body: HALF.subarray(5),
  told: /"code":"unavailable"/,
}
const GRPC_WEB: Kind = { path: START, type: 'application/grpc-web+proto', body: HALF, told: /grpc-status: ?14/ }
const GRPC_WEB_UNARY: Kind = { ...GRPC_WEB, path: INFO }
const GRPC: Kind = { path: START, type: 'application/grpc+proto', body: HALF, told: /grpc-status: 14/ }
const GRPC_UNARY: Kind = { ...GRPC, path: INFO }

/** Calls `asked` when a call has been identified: what it reads next is the body. */
function optionsWhere(asked: () => void): GrpcHandlerOptions {
  return {
    sluice: createSluice(),
    identify: () => {
      setImmediate(asked)
      return { owner: 'ada' }
    },
    run: () => sayingForEver('x'),
  }
}

test.each([
  ['a stream of Connect', CONNECT_STREAM],
  ['a unary call of Connect', CONNECT_UNARY],
  ['a stream of gRPC-Web', GRPC_WEB],
  ['a unary call of gRPC-Web', GRPC_WEB_UNARY],
])('a shutdown while the body of %s comes is UNAVAILABLE, over HTTP/1.1', async (_what, { path, type, body, told }) => {
  const shutdown = new AbortController()
  const asked = Promise.withResolvers<void>()
  const handler = createGrpcHandler({ ...optionsWhere(asked.resolve), shutdownSignal: shutdown.signal })
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { 'content-type': type, 'content-length': 1_000, 'connect-protocol-version': '1' }
  const request = requestHttp({ host: '127.0.0.1', port, path, method: 'POST', headers })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.write(body)
  await asked.promise
  shutdown.abort()
  const [response] = await answered
  let text = JSON.stringify(response.headers)
  for await (const piece of response.setEncoding('latin1')) text += piece
  expect(text).toMatch(told)
  request.destroy()
  server.close()
})

test.each([
  ['a stream of Connect', CONNECT_STREAM],
  ['a unary call of Connect', CONNECT_UNARY],
  ['a stream of gRPC-Web', GRPC_WEB],
  ['a stream of gRPC', GRPC],
  ['a unary call of gRPC', GRPC_UNARY],
])('a shutdown while the body of %s comes is UNAVAILABLE, over HTTP/2', async (_what, { path, type, body, told }) => {
  const asked = Promise.withResolvers<void>()
  const server = createGrpcServer({ ...optionsWhere(asked.resolve), port: 0 })
  const { port } = await server.listen()
  const session = connect(`http://127.0.0.1:${port}`).on('error', () => {})
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': type,
    'connect-protocol-version': '1',
    te: 'trailers',
  })
  let text = ''
  for (const name of ['response', 'trailers'])
    stream.on(name, (headers: object) => {
      text += Object.entries(headers)
        .map((pair) => pair.join(': '))
        .join('\n')
    })
  stream.setEncoding('latin1').on('data', (piece: string) => (text += piece))
  stream.write(body)
  await asked.promise
  const closed = server.close()
  await once(stream, 'close')
  expect(text).toMatch(told)
  session.destroy()
  await closed
})
