import { NAIVE, SLUICE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const singleStream: Row = {
  id: 's1',
  title: 'One stream, as fast as it goes',
  what: 'One stream of 200,000 four-character tokens, one ready in each turn of the event loop, one reader.',
  expected: 'A coalescing prototype took 0.32 of naive; the log, the pump and the deadlines should add about a tenth.',
  contestants: [NAIVE, SLUICE],
  floors: [
    {
      what: 'server CPU per token',
      metric: 'cpuUsPerToken',
      contestant: SLUICE,
      compare: 'ratio',
      against: NAIVE,
      unit: 'µs',
      max: 0.45,
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 1, tokensPerStream: 200_000 }),
}
