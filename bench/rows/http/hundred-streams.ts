import { NAIVE, SLUICE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const hundredStreams: Row = {
  id: 's100',
  title: '100 streams, as fast as they go',
  what: '100 streams of 2,000 tokens, one ready in each turn for each of them, one reader each.',
  expected: 'A coalescing prototype took 0.23 of naive; a loop turn is shared by 100 streams, so 0.25 to 0.35.',
  contestants: [NAIVE, SLUICE],
  floors: [
    {
      what: 'server CPU per token',
      metric: 'cpuUsPerToken',
      contestant: SLUICE,
      compare: 'ratio',
      against: NAIVE,
      unit: 'µs',
      max: 0.35,
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 100, tokensPerStream: 2_000 }),
}
