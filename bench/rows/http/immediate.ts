import { NAIVE, SLUICE_IMMEDIATE } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureThroughput, type Throughput } from '../../trials/throughput.ts'

/** A write per token on both sides: what is left is the price of log, window, cursors and deadlines. */
function immediateRow(id: string, title: string, throughput: Throughput): Row {
  return {
    id,
    title,
    what: 'As above with policy `immediate`: nothing is merged that did not arrive in the same turn.',
    expected: 'As many writes as naive, so about 1.0, plus what a token costs in log and scheduler: 1.0 to 1.1.',
    contestants: [NAIVE, SLUICE_IMMEDIATE],
    floors: [
      {
        what: 'server CPU per token',
        metric: 'cpuUsPerToken',
        contestant: SLUICE_IMMEDIATE,
        compare: 'ratio',
        against: NAIVE,
        unit: 'µs',
        max: 1.1,
      },
    ],
    measure: (stage) => measureThroughput(stage, throughput),
  }
}

export const immediateSingle: Row = immediateRow('immediate-s1', 'One stream, `immediate`', {
  streams: 1,
  tokensPerStream: 200_000,
})

export const immediateHundred: Row = immediateRow('immediate-s100', '100 streams, `immediate`', {
  streams: 100,
  tokensPerStream: 2_000,
})
