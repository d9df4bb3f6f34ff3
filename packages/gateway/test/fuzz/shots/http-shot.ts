import type { Random } from '../../../src/demo-runner/random.ts'
import { chatBody, damaged, hostileJson, reference } from './hostile-values.ts'
import { exchange, type RawExchange } from './raw-exchange.ts'
import { chance, type Gunsmith, oneOf, type Outcome, type Target } from './shot.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'BREW', 'get']

/** 501 is a transfer coding, 503 a limit that is reached, 505 a call that HTTP/1.1 cannot carry. */
const RIGHT_5XX: ReadonlySet<string> = new Set(['501', '503', '505'])

/** A request of HTTP/1.1, written by hand. */
export const makeHttpShot: Gunsmith = (random, target) => {
  const { method, path, headers, body } = requestOf(random, target)
  const framing = frame(random, body)
  const lines = [...headers, ...framing.headers].map(([name, value]) => `${name}: ${value}`)
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const isDamaged = chance(random, 0.1)
  const bytes = Buffer.concat([isDamaged ? damaged(random, head) : head, framing.bytes])
  const sending: RawExchange = {
    bytes,
    cutAt: chance(random, 0.2) ? random.below(bytes.length + 1) : undefined,
    leaves: chance(random, 0.15) ? oneOf(random, ['reset', 'end', 'at first byte'] as const) : undefined,
    // What is not whole may wait for the rest, for as long as it likes.
    mayGoUnanswered: isDamaged || !framing.isWhole,
  }
  return {
    what: `HTTP ${JSON.stringify({ ...sending, bytes: bytes.toString('latin1').slice(0, 4_000) })}`,
    fire: async ({ port }) => judge(await exchange(port, sending)),
  }
}

/** Every answer that came on a connection must be one of HTTP, and none an error of the gateway's own. */
function judge({ received, unanswered }: { received: string; unanswered: boolean }): Outcome {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received)?.[1]
  if (unanswered) return { answer: 'none', fault: 'a whole request was not answered' }
  if (received === '') return { answer: 'none' }
  if (status === undefined) return { answer: 'odd', fault: `no answer of HTTP: ${received.slice(0, 200)}` }
  if (status.startsWith('5') && !RIGHT_5XX.has(status))
    return { answer: status, fault: `an error of our own: ${received.slice(0, 600)}` }
  if (received.includes('SLUICE_ERR_INTERNAL'))
    return { answer: status, fault: `an error of our own on the stream: ${received.slice(-600)}` }
  return { answer: status }
}

interface Parts {
  readonly method: string
  readonly path: string
  readonly headers: [string, string][]
  readonly body: string
}

function requestOf(random: Random, target: Target): Parts {
  const body = chance(random, 0.1) ? hostileJson(random) : chatBody(random, target)
  const { method, path } = oneOf(random, ROUTES)(random, target)
  const headers: [string, string][] = [['Host', chance(random, 0.05) ? 'evil.example' : 'localhost']]
  if (!chance(random, 0.05)) headers.push(['Content-Type', oneOf(random, TYPES)])
  if (target.keys.length > 0 && !chance(random, 0.1))
    headers.push(['Authorization', `Bearer ${oneOf(random, target.keys)}`])
  for (const [name, values] of HEADERS)
    if (chance(random, 0.08))
      headers.push([name, chance(random, 0.1) ? reference(random, target) : oneOf(random, values)])
  if (chance(random, 0.7)) headers.push(['Connection', 'close'])
  return { method: chance(random, 0.08) ? oneOf(random, METHODS) : method, path, headers, body }
}

const TYPES = ['application/json', 'application/json', 'application/json', 'text/plain', 'application/proto', '']

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['Accept', ['application/json', 'text/event-stream', 'application/x-ndjson', '*/*;q=0', 'a/b, ;;']],
  ['Prefer', ['wait=0', 'wait=1', 'respond-async', 'respond-async, wait=0', 'handling=strict', 'wait=-1, wait=x']],
  ['Last-Event-ID', ['', 'x']],
  ['Idempotency-Key', ['i1', 'i2', 'x'.repeat(300), '']],
  ['Origin', ['null', 'https://evil.example', 'http://localhost']],
  ['Expect', ['100-continue', '200-ok']],
  ['Upgrade', ['websocket', 'h2c']],
  ['Content-Encoding', ['gzip', 'identity', 'br']],
  ['X-Request-Id', ['r', 'ä', 'x'.repeat(500)]],
  ['Connect-Protocol-Version', ['1', '2']],
  ['Connect-Timeout-Ms', ['1', '99999999999', '-1', 'x']],
  ['TE', ['trailers']],
  ['Cookie', ['a=b']],
]

const ROUTES: readonly ((random: Random, target: Target) => { method: string; path: string })[] = [
  () => ({ method: 'POST', path: '/v1/chat/completions' }),
  () => ({ method: 'POST', path: '/v1/chat/completions?ids=1' }),
  () => ({ method: 'POST', path: '/v1/streams' }),
  (random, target) => ({ method: 'GET', path: `/v1/streams/${reference(random, target)}${query(random, target)}` }),
  (random, target) => ({ method: 'DELETE', path: `/v1/streams/${reference(random, target)}` }),
  (random, target) => ({
    method: 'POST',
    path: `/v1/streams/${reference(random, target)}/${oneOf(random, ['cancel', 'ack', 'send', 'x'])}`,
  }),
  (random, target) => ({
    method: 'GET',
    path: `/v1/streams?key=${oneOf(random, ['k1', '', reference(random, target)])}`,
  }),
  () => ({ method: 'POST', path: '/v1/tickets' }),
  (random) => ({
    method: 'POST',
    path: `/sluice.v1.TokenStreamService/${oneOf(random, ['Start', 'Attach', 'Cancel', 'Info', 'Session', 'X'])}`,
  }),
  (random) => ({ method: 'POST', path: `/v1/${oneOf(random, ['embeddings', 'files/../x', 'a%2fb', '', 'realtime'])}` }),
  () => ({ method: 'GET', path: '/v1/models' }),
  (random) => ({
    method: 'GET',
    path: oneOf(random, ['/', '/metrics', '/healthz', '/readyz', '*', '/%zz', '//v1//ws']),
  }),
]

function query(random: Random, target: Target): string {
  const names = [
    'after',
    'wait',
    'wire',
    'ids',
    'include',
    'ticket',
    'reader',
    'credit',
    'maxDelayMs',
    'lastEventId',
    'x',
  ]
  const pairs = names.flatMap((name) => {
    if (!chance(random, 0.12)) return []
    const values = ['0', '1', 'openai', 'native', 'result', 'r', '-1', '1e9', reference(random, target)]
    return [`${name}=${encodeURIComponent(oneOf(random, values))}`]
  })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

interface Framing {
  readonly headers: [string, string][]
  readonly bytes: Buffer
  readonly isWhole: boolean
}

function frame(random: Random, body: string): Framing {
  const bytes = chance(random, 0.05) ? damaged(random, Buffer.from(body)) : Buffer.from(body)
  const { length } = bytes
  switch (random.below(10)) {
    case 0:
      return { headers: [['Transfer-Encoding', 'chunked']], bytes: inChunks(random, bytes), isWhole: true }
    case 1:
      return { headers: [['Content-Length', String(length + 1 + random.below(1_000_000))]], bytes, isWhole: false }
    case 2: {
      const odd = [
        ['Content-Length', `${length}, ${length}`],
        ['Content-Length', '-1'],
        ['Transfer-Encoding', 'gzip, chunked'],
        ['Transfer-Encoding', 'identity'],
      ] as const
      const [name, value] = oneOf(random, odd)
      return { headers: [[name, value]], bytes, isWhole: false }
    }
    case 3:
      return {
        headers: [['Transfer-Encoding', 'chunked']],
        bytes: damaged(random, inChunks(random, bytes)),
        isWhole: false,
      }
    default:
      return { headers: [['Content-Length', String(length)]], bytes, isWhole: true }
  }
}

function inChunks(random: Random, bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(Math.max(1, bytes.length - at))
    parts.push(Buffer.from(`${size.toString(16)}\r\n`), bytes.subarray(at, at + size), Buffer.from('\r\n'))
    at += size
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}
