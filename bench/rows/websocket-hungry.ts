import { SLUICE_WS, SLUICE_WS_HUNGRY } from '../contestants/roster.ts'
import type { Row } from '../row.ts'
import { measurePaced } from './paced.ts'

const STREAMS = 20
const HUNGRY = { tokens: 1_000_000, burst: 32, gated: true }

export const websocketHungry: Row = {
  id: 'ws-hungry',
  title: 'Streams beside one that has no credit',
  what: `${STREAMS} sockets, each with a stream at 40 tokens a second, and, for the second contestant, beside it a flood that never gets credit.`,
  expected: 'A reader out of credit is not stepped and its source waits at the window: no difference.',
  contestants: [SLUICE_WS, SLUICE_WS_HUNGRY],
  floors: [
    {
      what: 'p99 token delay, beside the same without',
      metric: 'delayP99Ms',
      contestant: SLUICE_WS_HUNGRY,
      compare: 'difference',
      against: SLUICE_WS,
      unit: 'ms',
      max: 5,
    },
  ],
  measure: (stage) => measurePaced(stage, STREAMS, stage.contestant === SLUICE_WS_HUNGRY ? { hungry: HUNGRY } : {}),
}
