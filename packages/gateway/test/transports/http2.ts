import {
  connect,
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

import type { Listening } from './http1.ts'
import type { Requester } from './requester.ts'

export async function listenHttp2(
  handle: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<Listening> {
  const server = createServer(handle)
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}

export function requestHttp2(port: number): Requester {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  return {
    request: ({ method, path, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': method, ':path': path, ...headers }, { ...(signal && { signal }) })
        stream.on('response', (answered) =>
          resolve({
            status: Number(answered[':status']),
            headers: answered,
            body: stream,
            isWhole: () => stream.readableEnded && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR,
          }),
        )
        stream.on('error', reject).on('close', () => reject(new Error('closed without an answer')))
        stream.end(body)
      }),
    drop: () => session.destroy(),
  }
}
