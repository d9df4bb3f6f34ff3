import { NAIVE, SLUICE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const thousandStreams: Row = {
  id: 's1000',
  title: '1,000 streams, as fast as they go',
  what: '1,000 streams of 200 tokens, one ready in each turn for each of them, one reader each.',
  expected:
    'A prototype that merged by time alone took 1.05 of naive here: one turn outlasts its window. Merging by position and loop lag should reach 0.3 to 0.5.',
  contestants: [NAIVE, SLUICE],
  floors: [
    {
      what: 'server CPU per token',
      metric: 'cpuUsPerToken',
      contestant: SLUICE,
      compare: 'ratio',
      against: NAIVE,
      unit: 'µs',
      max: 0.5,
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 1_000, tokensPerStream: 200 }),
}
