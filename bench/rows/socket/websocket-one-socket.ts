import { createSluice } from '@sluice/core'
import { createWebSocketHandler } from '@sluice/websocket'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'

import { NO_LIMITS } from '../../contestants/sluice-setup.ts'
import { percentiles } from '../../traffic/percentiles.ts'
import { PEER } from '../../peers/peers.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const STREAMS = 100
const TOKEN_EVERY_MS = 25
const TOKENS = 400
const QUICK_TOKENS = 80
/** Tokens that nobody looks at, while code is compiled. */
const WARM_UP = 40
/** What the stream without credit would say, if it could. */
const FLOOD = Array.from({ length: 64 }, () => 'flood ')

const FED = { name: 'all with credit' }
const HUNGRY = { name: 'one without credit' }

export const websocketOneSocket: AloneRow = {
  id: 'ws-one-socket',
  title: 'One socket, a hundred streams, one of them out of credit',
  what: `One socket reads ${STREAMS} streams at 40 tokens a second each; in the second case one of them is a flood that never gets credit. From a token’s yield to its message at the client, over the others; server and client in one process.`,
  expected: 'A reader out of credit is not stepped, and its source waits at the window: no difference.',
  contestants: [FED, HUNGRY],
  floors: [
    {
      what: 'p99 token delay of the others, beside the same without',
      metric: 'delayP99Ms',
      contestant: HUNGRY,
      compare: 'ratio',
      against: FED,
      unit: 'ms',
      max: 1.2,
    },
  ],
  measureAlone: ({ name }, { quick }) => measure(name === HUNGRY.name, quick ? QUICK_TOKENS : TOKENS),
}

async function measure(hungry: boolean, tokens: number): Promise<Metrics> {
  const sluice = createSluice({ limits: NO_LIMITS })
  /** When each token was yielded, by stream. */
  const yieldedMs = Array.from({ length: STREAMS }, (): number[] => [])
  const sources = (body: { readonly [name: string]: unknown }) =>
    body['flood'] === true ? flood : () => paced(yieldedMs[Number(body['stream'])]!, tokens)
  const handler = createWebSocketHandler({ sluice, identify: () => PEER, run: sources })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sluice.v1', { headers: { authorization: 'Bearer x' } })
  await once(socket, 'open')
  const delays: number[] = []
  const others = hungry ? STREAMS - 1 : STREAMS
  const ended = readAll(socket, others, (stream, index, atMs) => {
    if (index >= WARM_UP) delays.push(atMs - yieldedMs[stream]![index]!)
  })
  if (hungry) socket.send(JSON.stringify({ type: 'start', ref: 'flood', body: { flood: true }, credit: 0 }))
  for (let stream = 0; stream < others; stream++) {
    socket.send(JSON.stringify({ type: 'start', ref: String(stream), body: { stream } }))
  }
  await ended
  socket.terminate()
  await sluice.drain({ withinMs: 0 })
  await new Promise((resolve) => server.close(resolve))
  const { p50, p99, max, count } = percentiles(delays)
  if (count !== others * (tokens - WARM_UP))
    throw new Error(`${count} tokens arrived of ${others * (tokens - WARM_UP)}.`)
  return { delayP50Ms: p50, delayP99Ms: p99, delayMaxMs: max }
}

/** Settles when `streams` of them have ended; tells when each token arrived. */
function readAll(
  socket: WebSocket,
  streams: number,
  arrived: (stream: number, index: number, atMs: number) => void,
): Promise<void> {
  const counts = new Map<string, number>()
  let ended = 0
  return new Promise((resolve, reject) => {
    socket.on('close', () => reject(new Error('The socket was closed.')))
    socket.on('message', (data) => {
      const atMs = performance.now()
      const message = JSON.parse(String(data as Buffer)) as { type: string; ref: string; text?: string; code?: string }
      if (message.type === 'text' && message.ref !== 'flood') {
        const from = counts.get(message.ref) ?? 0
        const to = from + message.text!.split(' ').length - 1
        counts.set(message.ref, to)
        for (let index = from; index < to; index++) arrived(Number(message.ref), index, atMs)
      } else if (message.type === 'end' && ++ended === streams) resolve()
      else if (message.type === 'refused' || message.type === 'error') reject(new Error(String(data as Buffer)))
    })
  })
}

async function* paced(yieldedMs: number[], tokens: number): AsyncGenerator<string> {
  await sleep(Math.random() * TOKEN_EVERY_MS)
  let dueMs = performance.now()
  for (let token = 0; token < tokens; token++) {
    yieldedMs.push(performance.now())
    yield 'token '
    dueMs += TOKEN_EVERY_MS
    await sleep(dueMs - performance.now())
  }
}

async function* flood(): AsyncGenerator<string[]> {
  for (;;) yield FLOOD
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
