import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'

/** How long after its request a peer goes, in milliseconds: before it is read, while it is answered, in the middle of data. */
const WAITS_MS = [0, 1, 2, 4, 8, 16]

let gateway: SpawnedGateway
beforeAll(async () => void (gateway = await spawnGateway(['--grpc-port', '0'])))
afterAll(() => gateway[Symbol.asyncDispose]())

const CHAT = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], stream: true })
const START = `\0\0\0\0\x20{"input":{"messages":[],"a":"b"}}`

function post(path: string, type: string, body: string, length = body.length): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`
}

const SOCKET = [
  'GET /v1/ws HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Authorization: Bearer any',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: sluice.v1',
  '',
  '',
].join('\r\n')

async function isWell(): Promise<void> {
  expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: 'alive' })
  expect(gateway.stderr).not.toMatch(/uncaught|unhandled|Error:/i)
}

test.each<[string, string]>([
  ['opens a socket', SOCKET],
  ['opens a socket and breaks off in a message', `${SOCKET}\x81\x8a\0\0\0\0{"t`],
  ['asks for an upgrade to what there is not', SOCKET.replace('/v1/ws', '/v1/nowhere')],
  ['starts a stream', post('/v1/streams', 'application/json', CHAT)],
  ['starts a chat', post('/v1/chat/completions', 'application/json', CHAT)],
  ['breaks off in a body', post('/v1/chat/completions', 'application/json', CHAT, 1_000)],
  ['starts over Connect', post('/sluice.v1.TokenStreamService/Start', 'application/connect+json', START)],
  [
    'breaks off in a message of Connect',
    post('/sluice.v1.TokenStreamService/Start', 'application/connect+json', START, 999),
  ],
  ['calls what there is not', post('/sluice.v1.TokenStreamService/Begin', 'application/grpc-web', START)],
  ['says nothing to the end', 'GET /v1/streams HTTP/1.1\r\nHost: x'],
])('a peer that %s and resets its connection, at whatever moment, harms nobody', async (_, request) => {
  const { port } = new URL(gateway.url)
  for (const waitMs of WAITS_MS) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(request, 'latin1')
    await sleep(waitMs)
    socket.resetAndDestroy()
  }
  await isWell()
})

test.each(['Start', 'Attach', 'Session', 'Info', 'Begin'])(
  'a peer that calls %s over gRPC and resets its connection, at whatever moment, harms nobody',
  async (method) => {
    const address = /gRPC at ([^)]+)\)/.exec(gateway.stdout)![1]!
    for (const waitMs of WAITS_MS) {
      for (const type of ['application/grpc', 'application/connect+proto']) {
        const [host, port] = address.split(':')
        const socket = connect(Number(port), host).on('error', () => {})
        const session = connectHttp2(`http://${address}`, { createConnection: () => socket }).on('error', () => {})
        const call = session.request({
          ':method': 'POST',
          ':path': `/sluice.v1.TokenStreamService/${method}`,
          'content-type': type,
          authorization: 'Bearer any',
        })
        call.on('error', () => {}).resume()
        call.write(Buffer.alloc(5))
        await once(session, 'connect')
        await sleep(waitMs)
        // Below HTTP/2: no GOAWAY, no reset of a stream.
        socket.resetAndDestroy()
        session.destroy()
      }
    }
    await isWell()
  },
)
