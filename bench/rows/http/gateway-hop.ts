import { Child } from '../../process/child.ts'
import { BACKEND, GATEWAY } from '../../contestants/roster.ts'
import type { Percentiles } from '../../traffic/percentiles.ts'
import type { ProbeInput } from '../../load/probe.ts'
import type { Post } from '../../load/requests.ts'
import type { Metrics, Row } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Stage } from '../../load/stage.ts'

export const STREAMS = 100
export const TOKENS_PER_SECOND = 40
const PROBE_EVERY_MS = 20
export const PROBE_TOKENS = 4
export const POST: Post = {
  path: '/v1/chat/completions',
  body: '{"model":"{stream}","stream":true,"messages":[{"role":"user","content":"Tell me something."}]}',
}

/** The wires of the gateway that a client may ask for, whichever its backend speaks. */
export const HOPS = [
  { id: 'gateway-hop', wire: 'chat completions', post: POST },
  {
    id: 'gateway-hop-responses',
    wire: 'Responses',
    post: { path: '/v1/responses', body: '{"model":"{stream}","stream":true,"input":"Tell me something."}' },
  },
  {
    id: 'gateway-hop-messages',
    wire: 'messages',
    post: {
      path: '/v1/messages',
      body: '{"model":"{stream}","stream":true,"max_tokens":100000,"messages":[{"role":"user","content":"Tell me something."}]}',
    },
  },
] as const
type Hop = (typeof HOPS)[number]

export const gatewayHops: readonly Row[] = HOPS.map((hop) => ({
  id: hop.id,
  title: `A gateway between client and backend, asked for ${hop.wire}`,
  what: `${STREAMS} streams at ${TOKENS_PER_SECOND} tokens a second from a backend of chat completions, straight and as ${hop.wire} through the gateway, and single requests beside them; CPU is the gateway’s own process.`,
  expected:
    'A hop is a request parsed, one fetch, one stream opened: about 1 ms to the first token. Per token the gateway parses what naive would only pass on, and merges: 1 to 2 times what the backend spends on writing it. Another wire changes a few characters of each event, and has more of them at both ends.',
  contestants: [BACKEND, GATEWAY],
  floors: [
    {
      what: 'p50 request to first token, added',
      metric: 'firstTokenP50Ms',
      contestant: GATEWAY,
      compare: 'difference',
      against: BACKEND,
      unit: 'ms',
      max: 2,
    },
    {
      what: 'p99 token delay, added',
      metric: 'delayP99Ms',
      contestant: GATEWAY,
      compare: 'difference',
      against: BACKEND,
      unit: 'ms',
    },
    {
      what: 'CPU per token: gateway process, beside the backend’s own when asked straight',
      metric: 'cpuUsPerToken',
      contestant: GATEWAY,
      compare: 'ratio',
      against: BACKEND,
      unit: 'µs',
    },
  ],
  measure: (stage) => measure(stage, hop),
}))

async function measure(stage: Stage, { post }: Hop): Promise<Metrics> {
  const hop = stage.contestant === GATEWAY ? await startHop(stage.port) : undefined
  const target = hop ? { port: hop.port, post } : { port: stage.port, post: POST }
  try {
    const seconds = stage.quick ? 4 : 12
    const main: Shape = { tokens: seconds * TOKENS_PER_SECOND, tokensPerSecond: TOKENS_PER_SECOND, gated: true }
    await askThrough(stage, { ...main, tokens: 2 * TOKENS_PER_SECOND }, target)
    await stage.forget()
    await hop?.child.ask('gate')
    const probed = await askThrough(stage, main, target)
    const { cpuUs } = await (hop?.child ?? stage.server).ask<{ cpuUs: number }>('cpu')
    const { delay } = await stage.check(main.tokens, { timed: true })
    return {
      firstTokenP50Ms: probed.p50 / 1_000,
      firstTokenP99Ms: probed.p99 / 1_000,
      delayP99Ms: delay.p99 / 1_000,
      cpuUsPerToken: cpuUs / (main.tokens * STREAMS + probed.count * PROBE_TOKENS),
    }
  } finally {
    await hop?.child.stop()
  }
}

/** Who is asked, and how. */
interface Target {
  readonly port: number
  readonly post: Post
}

/** All streams from gate to end, single requests in between. */
export async function askThrough(stage: Stage, main: Shape, { port, post }: Target): Promise<Percentiles> {
  const probe: Shape = { tokens: PROBE_TOKENS, tokensPerSecond: TOKENS_PER_SECOND }
  await stage.open({ main, probe }, STREAMS, { port, post })
  const flowing = stage.flow()
  const input: ProbeInput = {
    port,
    post,
    count: Math.floor(((main.tokens / TOKENS_PER_SECOND - 1) * 1_000) / (PROBE_EVERY_MS + 1)),
    everyMs: PROBE_EVERY_MS,
    shape: 'probe',
    tokens: PROBE_TOKENS,
    firstStream: STREAMS,
  }
  const probed = await stage.load.ask<Percentiles & { wrong: number }>('probe', input)
  await flowing
  if (probed.wrong > 0) throw new Error(`${stage.contestant.name} answered ${probed.wrong} single requests wrongly.`)
  return probed
}

/** A gateway before the backend at `backendPort`. */
export async function startHop(backendPort: number): Promise<{ child: Child; port: number }> {
  const child = new Child('contestants/gateway.ts', [`http://127.0.0.1:${backendPort}/v1`])
  const { port } = await child.ask<{ port: number }>('listen')
  return { child, port }
}
