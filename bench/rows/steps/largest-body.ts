import { once } from 'node:events'
import { createServer, type IncomingMessage, request as requestHttp, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Child } from '../../process/child.ts'
import { LARGEST_BODIES } from '../../steps/largest-bodies.ts'
import type { LongestStep } from '../../steps/longest-step.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const MIB = 1024 * 1024
const GATEWAY = { name: 'gateway' }
const MAX_MS = 50
const WARM_UP_BYTES = 64 * 1024
/** What a request has beside its text. */
const BESIDE_BYTES = 256

/** The doors that take a body, and the largest that each allows by default. */
const DOORS = [
  { name: 'http', bytes: 32 * MIB, path: '/v1/chat/completions', type: 'application/json' },
  { name: 'own-server', bytes: MIB, path: '/v1/streams', type: 'application/json' },
  {
    name: 'connect',
    bytes: MIB,
    path: '/sluice.v1.TokenStreamService/Start',
    type: 'application/connect+json',
    members: 24_000,
  },
] as const satisfies readonly Door[]
interface Door {
  readonly name: string
  readonly bytes: number
  readonly path: string
  readonly type: string
  /** What its limit of members leaves for the body itself. */
  readonly members?: number
}

export const largestBody: AloneRow = {
  id: 'largest-body',
  title: 'The longest step at the largest body of a gateway',
  what: `The gateway as it is by default, in front of a backend that answers at once. One request at a time, with an idempotency key, of ${DOORS.map(({ name, bytes }) => `${bytes / MIB} MiB over ${name}`).join(', ')}: one long text of four kinds, very many values, very many names. The longest time between two rounds of its event loop, in CPU of the thread that runs it, collections included.`,
  expected:
    'It is looked at, parsed, fingerprinted and sent on a mebibyte at a time: some milliseconds. Connect parses by itself, in one step, and takes 25,000 members.',
  contestants: [GATEWAY],
  floors: DOORS.flatMap(({ name: door }) =>
    LARGEST_BODIES.map(({ name }) => ({
      what: `longest step over ${door}, ${name}`,
      metric: `${door}-${name}`,
      contestant: GATEWAY,
      compare: 'value' as const,
      unit: 'ms',
      max: MAX_MS,
    })),
  ),
  measureAlone: (_contestant, { quick }) => measure(quick ? 4 : 1),
}

async function measure(divisor: number): Promise<Metrics> {
  const backend = await startBackend()
  const child = new Child('steps/gateway.ts', [`http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`])
  const metrics: Record<string, number> = {}
  try {
    const { port } = await child.ask<{ port: number }>('listen')
    for (const door of DOORS) {
      for (const { name, make } of LARGEST_BODIES) {
        await post(door, { port, text: make(WARM_UP_BYTES) })
        const { members }: Door = door
        const text = make(door.bytes / divisor - BESIDE_BYTES, members)
        await child.ask('gate')
        await post(door, { port, text })
        const { ownMs, wallMs } = await child.ask<LongestStep>('longest')
        metrics[`${door.name}-${name}`] = ownMs
        metrics[`${door.name}-${name}-wall`] = wallMs
      }
    }
  } finally {
    await child.stop()
    backend.closeAllConnections()
    backend.close()
  }
  return metrics
}

const CHUNK = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm' }
const WORD = JSON.stringify({ ...CHUNK, choices: [{ index: 0, delta: { content: 'word' }, finish_reason: 'stop' }] })

/** Takes all that it is sent, and says one word. */
async function startBackend(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${WORD}\n\ndata: [DONE]\n\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

let requests = 0

async function post({ name, path, type }: Door, { port, text }: { port: number; text: string }): Promise<void> {
  const key = `largest-${++requests}`
  const body = name === 'connect' ? framed(`{"idempotencyKey":"${key}","input":${text}}`) : Buffer.from(text)
  const headers = { 'content-type': type, 'content-length': body.length, 'idempotency-key': key }
  const request = requestHttp({ host: '127.0.0.1', port, path, method: 'POST', headers }).end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let answer = ''
  for await (const piece of response.setEncoding('utf8')) answer += piece
  if (response.statusCode !== 200 || !answer.includes('word'))
    throw new Error(`${name} answered ${response.statusCode}: ${answer.slice(0, 500)}`)
}

/** A message of Connect's streams: its length stands before it. */
function framed(text: string): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(Buffer.byteLength(text), 1)
  return Buffer.concat([head, Buffer.from(text)])
}
