import { createSluice, DEFAULT_READER_OPTIONS } from '@sluice/core'
import { DEFAULT_GRPC_SERVER_OPTIONS } from '@sluice/grpc'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { DEFAULT_WEBSOCKET_OPTIONS } from '@sluice/websocket'

import { NO_LIMITS } from '../../contestants/sluice-setup.ts'
import { PEER, TRANSPORTS, type TransportName } from '../../peers/peers.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const PEERS = 20
/** Ten streams of each kind: one that says something now and then, one that is silent. */
const TRICKLE_MS = 4_000

const { keepAliveMs, keepAliveTimeoutMs } = DEFAULT_GRPC_SERVER_OPTIONS
const { rotateAfterMs, closeGraceMs } = DEFAULT_READER_OPTIONS

/** By when each transport promises to have noticed, in seconds. */
const BOUNDS: Readonly<Record<TransportName, number>> = {
  'native SSE': (1.1 * Number(rotateAfterMs) + closeGraceMs) / 1_000,
  WebSocket: (2 * DEFAULT_WEBSOCKET_OPTIONS.pingMs) / 1_000,
  gRPC: (Number(keepAliveMs) + keepAliveTimeoutMs) / 1_000,
}
const NAMES = Object.keys(BOUNDS) as TransportName[]
/** What timers may be late by. */
const SLACK_S = 0.5

export const vanishedPeer: AloneRow = {
  id: 'vanished-peer',
  title: 'A peer that has vanished without a word',
  what: `${PEERS} readers, each with a connection of its own, whose network then carries nothing any more and says nothing of it; half of their streams go on speaking. From then to the server’s word that the reading is over. All at their defaults.`,
  expected:
    'WebSocket: the second ping that is not answered. gRPC: the keepalive ping’s timeout. Native SSE: the next rotation, for what is written fits into the kernel’s buffers.',
  contestants: NAMES.map((name) => ({ name })),
  floors: NAMES.flatMap((name) => [
    {
      what: `noticed at all, ${name}`,
      metric: 'noticedPercent',
      contestant: { name },
      compare: 'value',
      unit: '%',
      min: 100,
    },
    {
      what: `noticed, the last of them, ${name}`,
      metric: 'maxS',
      contestant: { name },
      compare: 'value',
      unit: 's',
      max: BOUNDS[name] + SLACK_S,
    },
  ]),
  measureAlone: ({ name }) => measure(name as TransportName),
}

async function measure(name: TransportName): Promise<Metrics> {
  const left: number[] = []
  let attached = 0
  const sluice = createSluice({
    limits: NO_LIMITS,
    stream: { onDisconnect: 'continue', deadlines: { firstTokenMs: false, idleMs: false } },
    observers: [{ attached: () => void attached++, detached: () => void left.push(performance.now()) }],
  })
  const transport = TRANSPORTS[name]
  const server = await transport.serve(sluice)
  await using proxy = await startChaosProxy({ target: { port: server.port } })
  for (let peer = 0; peer < PEERS; peer++) {
    const { id } = await sluice.start(peer % 2 === 0 ? silent : trickling, { as: PEER })
    transport.attach(proxy.port, id)
  }
  while (attached < PEERS) await sleep(20)
  // What the last of them was sent first has arrived by then.
  await sleep(500)
  proxy.blackhole()
  const goneAtMs = performance.now()
  while (left.length < PEERS && performance.now() - goneAtMs < 1_000 * (BOUNDS[name] + 10)) await sleep(100)
  const times = left.map((atMs) => (atMs - goneAtMs) / 1_000).toSorted((a, b) => a - b)
  await sluice.drain({ withinMs: 0 })
  await server.close()
  return { noticedPercent: (100 * times.length) / PEERS, minS: times[0] ?? NaN, maxS: times.at(-1) ?? NaN }
}

async function* silent(): AsyncGenerator<string> {
  yield 'word '
  await new Promise(() => {})
}

async function* trickling(): AsyncGenerator<string> {
  for (;;) {
    yield 'word '
    await sleep(TRICKLE_MS)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
