import { BACKEND, type Contestant } from '../../contestants/roster.ts'
import type { HopKind } from '../../hops/hop.ts'
import { costOf } from '../../hops/process-cost.ts'
import { pipe, portkey, sluiceGateway } from '../../hops/programs.ts'
import { haproxy, nginx } from '../../hops/proxies.ts'
import type { Stage } from '../../load/stage.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Column, Metrics, ServerRow } from '../../trials/row.ts'
import { askThrough, POST, PROBE_TOKENS, STREAMS, TOKENS_PER_SECOND } from '../http/gateway-hop.ts'

const MIB = 1_048_576
const SECONDS = 8
const QUICK_SECONDS = 4
/** Portkey sends no request that has no key. */
const KEY = { authorization: 'Bearer bench' }

export const HOPS: readonly HopKind[] = [nginx, haproxy, pipe, portkey, sluiceGateway]
const STRAIGHT: Contestant = { ...BACKEND, name: 'none: the backend itself' }
const OURS: Contestant = { ...BACKEND, name: sluiceGateway.name }

const COLUMNS: readonly Column[] = [
  { what: 'first token p50', metric: 'firstTokenP50Ms', unit: 'ms' },
  { what: 'first token p99', metric: 'firstTokenP99Ms', unit: 'ms' },
  { what: 'token p50', metric: 'delayP50Ms', unit: 'ms' },
  { what: 'token p99', metric: 'delayP99Ms', unit: 'ms' },
  { what: 'CPU of the hop', metric: 'cpuUsPerToken', unit: 'µs/token' },
  { what: 'resident', metric: 'rssMib', unit: 'MiB' },
]

export const gateways: ServerRow = {
  id: 'peers-gateway',
  title: 'Peers: what stands between client and backend',
  what: `${STREAMS} streams at ${TOKENS_PER_SECOND} tokens a second from an OpenAI-compatible backend, through each, and single requests beside them. CPU and memory are what the kernel counts of the hop’s processes. Proxies pass bytes on; the gateways parse what they pass.`,
  expected:
    'nginx and HAProxy pass bytes on in C: a fifth of what a pipe in Node costs. Sluice parses, keeps for resume and merges; Portkey parses and writes each token.',
  contestants: [
    STRAIGHT,
    ...HOPS.filter((hop) => hop.missing?.() === undefined).map(({ name }) => ({ ...BACKEND, name })),
  ],
  columns: COLUMNS,
  floors: [
    {
      what: 'first token added by the gateway, p50',
      metric: 'firstTokenP50Ms',
      contestant: OURS,
      compare: 'difference',
      against: STRAIGHT,
      unit: 'ms',
    },
  ],
  measure,
}

async function measure(stage: Stage): Promise<Metrics> {
  await using hop = await HOPS.find(({ name }) => name === stage.contestant.name)?.start(stage.port)
  const port = hop?.port ?? stage.port
  const post = { ...POST, headers: { ...KEY, ...hop?.headers } }
  const tokens = (stage.quick ? QUICK_SECONDS : SECONDS) * TOKENS_PER_SECOND
  const main: Shape = { tokens, tokensPerSecond: TOKENS_PER_SECOND, gated: true, greets: true }
  await askThrough(stage, { ...main, tokens: 2 * TOKENS_PER_SECOND }, { port, post })
  await stage.forget()
  const before = hop && costOf(hop.pid)
  const probed = await askThrough(stage, main, { port, post })
  const after = hop && costOf(hop.pid)
  const { delay } = await stage.check(tokens, { timed: true })
  const all = tokens * STREAMS + probed.count * PROBE_TOKENS
  return {
    firstTokenP50Ms: probed.p50 / 1_000,
    firstTokenP99Ms: probed.p99 / 1_000,
    delayP50Ms: delay.p50 / 1_000,
    delayP99Ms: delay.p99 / 1_000,
    cpuUsPerToken: before && after ? (after.cpuUs - before.cpuUs) / all : Number.NaN,
    rssMib: after ? after.rssBytes / MIB : Number.NaN,
  }
}
