import { FASTIFY, NAIVE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const fastifyRow: Row = {
  id: 'fastify-s100',
  title: '100 streams through `reply.tokens`',
  what: '100 streams of 2,000 tokens as in s100, answered by a Fastify route; naive is the plain server.',
  expected: 'A framework costs per request, not per token: what s100 shows, within noise.',
  contestants: [NAIVE, FASTIFY],
  floors: [
    {
      what: 'server CPU per token',
      metric: 'cpuUsPerToken',
      contestant: FASTIFY,
      compare: 'ratio',
      against: NAIVE,
      unit: 'µs',
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 100, tokensPerStream: 2_000 }),
}
