import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Front, startFront } from '../rig/recording-backend.ts'

let front: Front

beforeAll(async () => {
  front = await startFront(['--upstream-key', 'sk-own'])
  front.backend.answer = (response, { url }) => response.writeHead(200, { 'x-answer-to': url }).end(url)
})
afterAll(() => front[Symbol.asyncDispose]())

/** Sends bytes in pieces, each in a packet of its own; gives all that comes until the server closes. */
async function talk(pieces: readonly Buffer[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: front.gateway.port, noDelay: true })
  let received = ''
  socket.on('data', (data) => (received += data.toString('latin1')))
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  for (const piece of pieces) {
    if (socket.destroyed) break
    socket.write(piece)
    await new Promise(setImmediate)
  }
  await closed
  return received
}

const INNER = 'GET /base/v1/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'

/** A body that would be a request if anybody took it for one, or anything else. */
const body = fc.oneof(
  fc.constantFrom(INNER, `0\r\n\r\n${INNER}`, `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  // More than is held.
  fc.constantFrom('x'.repeat(300_000), INNER.repeat(6_000)),
)

/** What `Connection` may name: the very headers that would frame the body, and all others. */
const named = fc.subarray(
  ['Content-Length', 'transfer-encoding', 'Host', 'authorization', 'te', 'x-a', 'upgrade', 'connection', 'expect', ''],
  { minLength: 0 },
)

const extras = fc.subarray([
  'X-A: b',
  'TE: trailers',
  'Trailer: x-t',
  'Upgrade: h2c',
  'Keep-Alive: timeout=5',
  'Expect: 100-continue',
  'Proxy-Connection: keep-alive',
  'Content-Type: application/json',
])

const asking = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
  body,
  framing: fc.constantFrom('length', 'chunked', 'none'),
  chunk: fc.integer({ min: 1, max: 70_000 }),
  trailers: fc.boolean(),
  extension: fc.boolean(),
  named,
  extras,
  version: fc.constantFrom('1.1', '1.0'),
  cuts: fc.array(fc.nat(400), { maxLength: 4 }),
})

type Asking = typeof asking extends fc.Arbitrary<infer Value> ? Value : never

function chunked({ body: text, chunk, trailers, extension }: Asking): string {
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += chunk) {
    const piece = text.slice(at, at + chunk)
    pieces.push(`${piece.length.toString(16)}${extension ? ';a="b"' : ''}\r\n${piece}\r\n`)
  }
  return `${pieces.join('')}0\r\n${trailers ? 'X-T: 1\r\n' : ''}\r\n`
}

function written(request: Asking, path: string): Buffer {
  const { method, body: text, framing, named: names, extras: more, version } = request
  const framed = framing === 'chunked' ? chunked(request) : framing === 'length' ? text : ''
  const head = [
    `${method} ${path} HTTP/${version}`,
    'Host: localhost',
    `Connection: ${['close', ...names].join(', ')}`,
    ...more,
    ...(framing === 'length' ? [`Content-Length: ${text.length}`] : []),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${framed}`, 'latin1')
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.filter((place) => place < bytes.length).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place))
}

let turn = 0

test('whatever a client sends, the backend is asked once, with the client’s own body, and nobody gets another’s answer', async () => {
  const property = fc.asyncProperty(asking, async (request) => {
    const before = front.backend.asked.length
    const path = `/v1/mine-${++turn}`
    const beside = `/v1/beside-${turn}`
    const [received, other] = await Promise.all([
      talk(cut(written(request, path), request.cuts)),
      fetch(front.gateway.url + beside).then((response) => response.text()),
    ])
    // On the very connection to the backend that was used for the one before.
    const after = await (await fetch(`${front.gateway.url}/v1/after-${turn}`)).text()
    expect([other, after]).toEqual([`/base${beside}`, `/base/v1/after-${turn}`])
    const asked = front.backend.asked.slice(before)
    expect(asked.map(({ url }) => url).toSorted()).toEqual(
      [`/base/v1/after-${turn}`, `/base${beside}`, `/base${path}`].toSorted(),
    )
    const mine = asked.find(({ url }) => url === `/base${path}`)!
    const sent = request.framing === 'none' ? '' : request.body
    expect([mine.method, mine.body.toString('latin1') === sent]).toEqual([request.method, true])
    expect(mine.headers).toMatchObject({ host: new URL(front.backend.url).host, authorization: 'Bearer sk-own' })
    expect(received.match(/^HTTP\/1\.1 (?!100)\d+/gm)).toEqual(['HTTP/1.1 200'])
    expect(received.match(/x-answer-to: (.*)/g)).toEqual([`x-answer-to: /base${path}`])
  })
  await fc.assert(property, { numRuns: 150 })
})

test.each([
  ['a length and chunks', 'Content-Length: 6\r\nTransfer-Encoding: chunked', `0\r\n\r\n${INNER}`],
  ['another coding', 'Transfer-Encoding: gzip, chunked', '3\r\nabc\r\n0\r\n\r\n'],
  ['no coding that there is', 'Transfer-Encoding: xchunked', '0\r\n\r\n'],
  ['a coding twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', '0\r\n\r\n'],
  ['identity before chunks', 'Transfer-Encoding: identity, chunked', '0\r\n\r\n'],
  ['two lengths', 'Content-Length: 3\r\nContent-Length: 5', 'abcde'],
  ['a signed length', 'Content-Length: +5', 'abcde'],
  ['two hosts', 'Host: other\r\nContent-Length: 0', ''],
  ['a folded line', 'X-A: b\r\n c: d', ''],
])('%s: refused once, and the backend is not asked', async (_, headers, text) => {
  const before = front.backend.asked.length
  const bytes = Buffer.from(`POST /v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n${text}`)
  const received = await talk([bytes])
  expect(received.match(/^HTTP\/1\.1 (?:400|501)/gm)).toHaveLength(1)
  expect(received.match(/^HTTP\/1\.1/gm)).toHaveLength(1)
  expect(front.backend.asked.length).toBe(before)
})
