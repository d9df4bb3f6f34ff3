import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'

import { answering, startFront } from '../rig/recording-backend.ts'

/** Announces a body of 100 bytes, sends five of them; gives all that comes until the server closes. */
async function stopHalfway(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => (received += data.toString('latin1'))).on('error', () => {})
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":`,
  )
  await once(socket, 'close')
  return received
}

test('a body that stops gets a 408 that names the limit and its value, and loses its connection; none of it reaches the backend', async () => {
  await using front = await startFront(['--body-grace-ms', '200'])
  front.backend.answer = answering(200, {}, 'answered')
  const { port } = front.gateway
  for (const path of ['/v1/embeddings', '/v1/streams', '/v1/chat/completions']) {
    expect(await stopHalfway(port, path)).toMatch(/^HTTP\/1.1 408 [^]*connection: close[^]*bodies\.graceMs \(200 ms\)/i)
  }
  expect(front.backend.asked).toEqual([])
})

test('a body that stops after its request has been refused keeps its connection no longer', async () => {
  await using front = await startFront(['--body-grace-ms', '200', '--auth', 'bearer'])
  for (const path of ['/v1/embeddings', '/v1/streams', '/sluice.v1.TokenStreamService/Info']) {
    expect(await stopHalfway(front.gateway.port, path)).toMatch(/^HTTP\/1.1 401 /)
  }
})
