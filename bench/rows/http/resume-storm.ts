import { SLUICE } from '../../contestants/roster.ts'
import type { Resumed } from '../../load/resume.ts'
import type { Metrics, Row } from '../../trials/row.ts'
import type { Stage } from '../../load/stage.ts'

const STREAMS = 5_000
const TOKENS_PER_SECOND = 2
const TOKENS = 30
/** Streams run this long before their readers leave. */
const BEFORE_MS = 4_000

export const resumeStorm: Row = {
  id: 'resume-storm',
  title: '5,000 drops, resumed at once',
  what: `${STREAMS} running streams (${TOKENS_PER_SECOND} tokens a second each) lose all their connections in one moment; all clients come back in the next, each with its own cursor.`,
  expected:
    'A connection, a request and a replay are some 200 µs of server time: a second for all of them, on the core the load process does not use. Every text exact.',
  contestants: [SLUICE],
  floors: [
    { what: 'streams not exact', metric: 'wrong', contestant: SLUICE, compare: 'value', unit: '', max: 0 },
    { what: 'streams resumed', metric: 'cut', contestant: SLUICE, compare: 'value', unit: '', min: STREAMS },
    { what: 'p99 first byte', metric: 'firstByteP99Ms', contestant: SLUICE, compare: 'value', unit: 'ms', max: 3_000 },
  ],
  measure,
}

async function measure(stage: Stage): Promise<Metrics> {
  await stage.warmUp({ tokens: 50, gated: true }, 500)
  const main = { tokens: TOKENS, tokensPerSecond: TOKENS_PER_SECOND, gated: true }
  await stage.open({ main }, STREAMS)
  await stage.server.ask('gate')
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS))
  const resumed = await stage.load.ask<Resumed>('resume', { port: stage.port, tokens: TOKENS })
  if (resumed.firstWrong !== undefined) process.stderr.write(`  ${resumed.firstWrong}\n`)
  return {
    wrong: resumed.wrong,
    cut: resumed.cut,
    firstByteP50Ms: resumed.firstByte.p50 / 1_000,
    firstByteP99Ms: resumed.firstByte.p99 / 1_000,
    firstByteMaxMs: resumed.firstByte.max / 1_000,
  }
}
