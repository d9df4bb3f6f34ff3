import {
  type Contestant,
  EXPRESS,
  FASTIFY,
  HONO,
  HONO_RESPONSE,
  NEXT,
  NEXT_RESPONSE,
  SLUICE,
} from '../../contestants/roster.ts'
import type { Floor, ServerRow } from '../../trials/row.ts'
import { measureThroughput, type Throughput } from '../../trials/throughput.ts'

const SIZES: readonly Throughput[] = [
  { streams: 1, tokensPerStream: 200_000 },
  { streams: 100, tokensPerStream: 2_000 },
  { streams: 1_000, tokensPerStream: 200 },
]

/** What each integration costs beside `sendToResponse` on the plain server; and beside what its framework costs by itself. */
export const frameworkRows: readonly ServerRow[] = SIZES.map((size) => ({
  id: `frameworks-s${size.streams}`,
  title: `${size.streams.toLocaleString('en')} ${size.streams === 1 ? 'stream' : 'streams'} through each framework`,
  what: `As s${size.streams}, answered by a route of Express, Fastify, Hono on Node and Next.js, beside sluice on the plain server. Hono and Next.js also send the same encoded chunks as a web Response of their own, without our adapter.`,
  expected:
    'A framework costs per request, not per token: Express and Fastify within noise. Hono and Next.js turn a web stream into a response, two promises a chunk: no more than the framework does by itself.',
  contestants: [SLUICE, EXPRESS, FASTIFY, HONO, NEXT, HONO_RESPONSE, NEXT_RESPONSE],
  floors: [
    ...[EXPRESS, FASTIFY].map((framework) => cost(framework, SLUICE, 1.1)),
    // What the framework costs by itself was found to be more than that (1.0 to 1.3): it is shown, and the floor is held against it.
    ...[HONO, HONO_RESPONSE, NEXT, NEXT_RESPONSE].map((framework) => cost(framework, SLUICE)),
    cost(HONO, HONO_RESPONSE, 1.15),
    cost(NEXT, NEXT_RESPONSE, 1.15),
  ],
  measure: (stage) => measureThroughput(stage, size),
}))

function cost(contestant: Contestant, against: Contestant, max?: number): Floor {
  const what = `server CPU per token, ${contestant.name} beside ${against.name}`
  const floor = { what, metric: 'cpuUsPerToken', contestant, compare: 'ratio', against, unit: 'µs' } as const
  return max === undefined ? floor : { ...floor, max }
}
