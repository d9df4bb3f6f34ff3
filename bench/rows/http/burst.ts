import { NAIVE, SLUICE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const burst: Row = {
  id: 'burst32',
  title: 'One stream in bursts of 32',
  what: 'One stream of 400,000 tokens, 32 of them ready in each turn, one reader.',
  expected:
    'Node corks what is written in one turn, so naive makes one system call per burst too; what is saved is 31 SSE events of 32. 0.5 to 0.75.',
  contestants: [NAIVE, SLUICE],
  floors: [
    {
      what: 'server CPU per token',
      metric: 'cpuUsPerToken',
      contestant: SLUICE,
      compare: 'ratio',
      against: NAIVE,
      unit: 'µs',
      max: 0.75,
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 1, tokensPerStream: 400_000, burst: 32 }),
}
