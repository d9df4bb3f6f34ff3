import { createVirtualRuntime } from '@sluice/testing'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'

import { type NodeServer, serve } from '../rig/node-server.ts'
import { saying, until } from '../rig/rig.ts'

/** A request whose body is announced, and does not come by itself. */
function announce(node: NodeServer, bytes: number, headers: readonly string[] = []) {
  const socket: Socket = connect(Number(new URL(node.url).port), '127.0.0.1')
  let answer = ''
  let closed = false
  socket.on('data', (data) => (answer += data.toString('latin1'))).on('error', () => {})
  socket.on('close', () => (closed = true))
  const head = ['POST /v1/streams HTTP/1.1', 'Host: x', 'Content-Type: application/json', `Content-Length: ${bytes}`]
  socket.write([...head, ...headers, '', ''].join('\r\n'))
  return {
    socket,
    get answer() {
      return answer
    },
    get closed() {
      return closed
    },
  }
}

test('a body of a stranger is not read: the answer is there before it', async () => {
  await using node = await serve(saying('x'), { maxBodyBytes: 1e9 })
  const stranger = announce(node, 1e9, ['Authorization: Bearer wrong'])
  stranger.socket.write(Buffer.alloc(1_000, 'a'))
  await until(() => stranger.answer !== '')
  expect(stranger.answer).toMatch(/^HTTP\/1.1 401 /)
  expect(node.sluice.bodies.bytes).toBe(0)
})

test('of bodies that are too much together the largest gets a 503 with a time to come back, and the small one is served', async () => {
  await using node = await serve(saying('x'), { sluice: { bodies: { totalBytes: 50_000 } } })
  const [large, larger] = [announce(node, 90_000), announce(node, 90_000)]
  large.socket.write(`{"a":"${'a'.repeat(20_000)}`)
  await until(() => node.sluice.bodies.bytes > 20_000)
  larger.socket.write(`{"a":"${'a'.repeat(30_000)}`)
  await until(() => larger.answer !== '')
  expect(larger.answer).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1\r\n[^]*50000 bytes[^]*bodies\.totalBytes/i)
  const small = announce(node, 2)
  small.socket.write('{}')
  await until(() => small.answer.includes('event: end'))
  expect(large.answer).toBe('')
  large.socket.destroy()
  await until(() => node.sluice.bodies.bytes === 0)
})

test('a body that stops gets a 408 when its time is over, and loses its connection', async () => {
  const runtime = createVirtualRuntime()
  await using node = await serve(saying('x'), { sluice: { runtime, bodies: { graceMs: 500 } } })
  const slow = announce(node, 100)
  slow.socket.write('{"a":')
  await until(() => node.sluice.bodies.bytes === 5)
  await runtime.advance(499)
  expect(node.sluice.bodies.bytes).toBe(5)
  await runtime.advance(3)
  await until(() => slow.closed)
  expect(slow.answer).toMatch(/^HTTP\/1.1 408 [^]*connection: close[^]*SLUICE_ERR_TIMEOUT/i)
  expect(node.sluice.bodies.bytes).toBe(0)
})

const ENDS: [what: string, go: (socket: Socket) => unknown, status: number | undefined][] = [
  ['is cut', (socket) => socket.destroy(), undefined],
  ['is no JSON', (socket) => socket.write('x'.repeat(95)), 400],
  ['is too deep', (socket) => socket.write('['.repeat(200)), 400],
]

test.each(ENDS)('a body that %s counts no more', async (_what, go, status) => {
  await using node = await serve(saying('x'))
  const body = announce(node, 100)
  body.socket.write('{"a":')
  await until(() => node.sluice.bodies.bytes === 5)
  go(body.socket)
  await until(() => node.sluice.bodies.bytes === 0 && (status === undefined || body.answer !== ''))
  if (status !== undefined) expect(body.answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})

test('a body of too many members is refused while it comes, and the answer names the limit', async () => {
  await using node = await serve(saying('x'), { sluice: { bodies: { jsonMembers: 10 } } })
  const wide = announce(node, 1_000)
  wide.socket.write('[1,2,3,4,5,6,7,8,9,10,11')
  await until(() => wide.answer !== '')
  expect(wide.answer).toMatch(/^HTTP\/1.1 413 [^]*10 members[^]*bodies\.jsonMembers/)
})
