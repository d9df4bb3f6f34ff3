import { constants } from 'node:http2'
import { gzipSync } from 'node:zlib'

import { create, toBinary } from '@bufbuild/protobuf'
import { StartRequestSchema } from '@sluice/grpc/v1'
import { expect, test } from 'vitest'

import { beginCall, encode, frame, openSession } from '../rig/http2-client.ts'
import { connect, hear, open, saying, startRig } from '../rig/rig.ts'

const TOKENS = Array.from({ length: 300 }, (_, index) => `${index} `)

/** Leaves it to others between two tokens. */
const slowly = async function* (): AsyncGenerator<string> {
  for (const token of TOKENS) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    yield token
  }
}

test('contract 6: a rapid reset of 1,000 calls leaves nothing behind, and other calls unharmed', async () => {
  let runs = 0
  const counted = (): AsyncIterable<string> => {
    runs++
    return slowly()
  }
  await using rig = await startRig(counted, {
    sluice: {
      stream: { onDisconnect: 'cancel' },
      limits: { streamsPerOwner: 10_000, startsPerSecond: 10_000, startBurst: 10_000 },
    },
  })
  using client = connect(rig)
  const other = hear(open(client, 'Start', {}))
  for (let round = 0; round < 10; round++) {
    const session = openSession(rig.url)
    await new Promise((resolve) => session.once('connect', resolve))
    const before = runs
    const calls = Array.from({ length: 100 }, () => beginCall(session, 'Start', encode(StartRequestSchema)))
    // As soon as they are asked for, or when what they asked for has begun.
    if (round % 2 === 0) await expect.poll(() => runs).toBeGreaterThanOrEqual(before + 100)
    for (const call of calls) call.close(constants.NGHTTP2_CANCEL)
    await new Promise((resolve) => setImmediate(resolve))
    session.destroy()
  }
  const { text, status } = await other
  expect([text, status.code]).toEqual([TOKENS.join(''), 0])
  await expect.poll(() => rig.sluice.stats().delivering).toBe(0)
  await expect.poll(() => rig.sluice.stats().producing).toBe(0)
  expect(rig.errors).toEqual([])
})

test('contract 1: a window of one byte gives everything, one byte after the other', async () => {
  await using rig = await startRig(saying('tiny ', 'window'))
  const session = openSession(rig.url, { initialWindowSize: 1 })
  const call = beginCall(session, 'Start', encode(StartRequestSchema))
  const pieces: Buffer[] = []
  call.on('data', (piece: Buffer) => pieces.push(piece))
  let status: unknown
  call.on('trailers', (trailers) => (status = trailers['grpc-status']))
  await new Promise((resolve) => call.on('close', resolve))
  expect(status).toBe('0')
  expect(Buffer.concat(pieces).toString('latin1')).toMatch(/tiny .*window/s)
  expect(Math.max(...pieces.map(({ length }) => length))).toBe(1)
  session.destroy()
})

test('a client that says GOAWAY in the middle of a stream reads it to its end', async () => {
  await using rig = await startRig(slowly)
  const session = openSession(rig.url)
  const call = beginCall(session, 'Start', encode(StartRequestSchema))
  let bytes = ''
  call.on('data', (piece: Buffer) => {
    if (bytes === '') session.goaway()
    bytes += piece.toString('latin1')
  })
  let status: unknown
  call.on('trailers', (trailers) => (status = trailers['grpc-status']))
  await new Promise((resolve) => call.on('close', resolve))
  expect(status).toBe('0')
  expect(bytes).toContain('299 ')
  session.destroy()
})

test.each([
  ['no message', Buffer.alloc(0), '12'],
  ['half a message', frame(Buffer.from('x')).subarray(0, 4), '12'],
  ['a message that breaks off', Buffer.from([0, 0, 0, 0, 9, 1]), '3'],
  ['two messages', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]), '12'],
  ['no protobuf', frame(Buffer.from([0xff, 0xff, 0xff])), '3'],
  ['a message larger than 1 MiB', frame(Buffer.alloc(1_048_577)), '3'],
  ['a length of 4 GiB', Buffer.from([0, 255, 255, 255, 255]), '3'],
  ['what is compressed in no way', frame(Buffer.from('x'), 1), '12'],
])('%s is refused with a status', async (_, body, code) => {
  await using rig = await startRig(saying('x'))
  const session = openSession(rig.url)
  const call = session.request({
    ':method': 'POST',
    ':path': '/sluice.v1.TokenStreamService/Start',
    'content-type': 'application/grpc',
  })
  call.on('error', () => {})
  const headers = new Promise<{ [name: string]: unknown }>((resolve) => call.on('response', resolve))
  call.end(body)
  call.resume()
  expect((await headers)['grpc-status']).toBe(code)
  session.destroy()
  expect(rig.sluice.stats().store.streams).toBe(0)
})

/** Where each type of content says how it is compressed. */
const ENCODINGS: Record<string, string> = {
  'application/grpc': 'grpc-encoding',
  'application/proto': 'content-encoding',
  'application/connect+proto': 'connect-content-encoding',
}
const LARGE = toBinary(StartRequestSchema, create(StartRequestSchema, { input: { text: 'x'.repeat(2 * 1_048_576) } }))

test.each([
  ['gRPC', 'application/grpc', 'Start', frame(gzipSync(LARGE), 1)],
  ['gRPC through Connect', 'application/grpc', 'Info', frame(gzipSync(LARGE), 1)],
  ['Connect', 'application/proto', 'Info', gzipSync(LARGE)],
  ['a stream of Connect', 'application/connect+proto', 'Start', frame(gzipSync(LARGE), 1)],
])(
  'contract 6: what becomes larger than 1 MiB when it is decompressed is refused, over %s',
  async (_, type, method, body) => {
    const encoding = ENCODINGS[type]!
    await using rig = await startRig(saying('x'))
    expect(body.length).toBeLessThan(10_000)
    const session = openSession(rig.url)
    const call = beginCall(session, method, body, {
      'content-type': type,
      [encoding]: 'gzip',
      'connect-protocol-version': '1',
    })
    const told: string[] = []
    const note = (headers: object): void => void told.push(decodeURIComponent(JSON.stringify(headers)))
    call
      .on('response', note)
      .on('trailers', note)
      .on('data', (piece: Buffer) => told.push(piece.toString('latin1')))
    await new Promise((resolve) => call.on('close', resolve))
    expect(told.join('')).toContain('A request message has at most 1048576 bytes')
    expect(rig.sluice.stats().store.streams).toBe(0)
    session.destroy()
  },
)

test('a malformed deadline is refused, and what is not there is not found', async () => {
  await using rig = await startRig(saying('x'))
  const session = openSession(rig.url)
  const late = beginCall(session, 'Start', encode(StartRequestSchema), { 'grpc-timeout': 'soon' })
  const answered = new Promise<{ [name: string]: unknown }>((resolve) => late.on('response', resolve))
  late.resume()
  expect((await answered)['grpc-status']).toBe('3')
  const nowhere = session.request({ ':method': 'POST', ':path': '/nowhere', 'content-type': 'application/grpc' })
  nowhere.on('error', () => {})
  const response = new Promise<{ [name: string]: unknown }>((resolve) => nowhere.on('response', resolve))
  nowhere.end()
  nowhere.resume()
  expect((await response)[':status']).toBe(404)
  session.destroy()
})
