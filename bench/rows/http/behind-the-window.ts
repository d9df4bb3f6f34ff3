import { SLUICE, SLUICE_IMMEDIATE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'

export const behindTheWindow: Row = {
  id: 'fat-s1',
  title: 'Behind the window: one stream of tokens of 4 KiB',
  what: 'One stream of 20,000 tokens of 4 KiB (80 MB), one ready in each turn, one reader. Sixteen of them fill the window: a policy that waited while the source is held back would wait for nothing.',
  expected: 'What is readable leaves at once while the window is full, so the policy makes no difference: 1.0.',
  contestants: [SLUICE_IMMEDIATE, SLUICE],
  floors: [
    {
      what: 'tokens a second, default policy',
      metric: 'tokensPerSecond',
      contestant: SLUICE,
      compare: 'ratio',
      against: SLUICE_IMMEDIATE,
      unit: '/s',
      min: 0.9,
    },
  ],
  measure: (stage) => measureThroughput(stage, { streams: 1, tokensPerStream: 20_000, fat: true }),
}
