import { NAIVE, SLUICE } from '../../contestants/roster.ts'
import type { Percentiles } from '../../traffic/percentiles.ts'
import type { ProbeInput } from '../../load/probe.ts'
import type { Metrics, Row } from '../../trials/row.ts'
import type { Stage } from '../../load/stage.ts'

const STREAMS = 500
const TOKENS_PER_SECOND = 40
const PROBE_EVERY_MS = 20
const PROBE_TOKENS = 4

export const firstToken: Row = {
  id: 'first-token',
  title: 'First token under load',
  what: `While ${STREAMS} streams run at ${TOKENS_PER_SECOND} tokens a second, single requests come in on connections that stand already; the time from request to first token, which their sources have at once.`,
  expected:
    'Starting a stream (id, record, log, deadlines) costs some 50 µs more than a naive handler, and the first token leaves at the end of its turn: + 0.1 to 0.2 ms; the tail is the load’s, the same for both.',
  contestants: [NAIVE, SLUICE],
  floors: [
    {
      what: 'p50 request to first token',
      metric: 'p50Ms',
      contestant: SLUICE,
      compare: 'difference',
      against: NAIVE,
      unit: 'ms',
      max: 0.3,
    },
    {
      what: 'p99 request to first token',
      metric: 'p99Ms',
      contestant: SLUICE,
      compare: 'ratio',
      against: NAIVE,
      unit: 'ms',
      max: 1.2,
    },
  ],
  measure,
}

async function measure(stage: Stage): Promise<Metrics> {
  const seconds = stage.quick ? 4 : 12
  const main = { tokens: seconds * TOKENS_PER_SECOND, tokensPerSecond: TOKENS_PER_SECOND, gated: true }
  const probe = { tokens: PROBE_TOKENS, tokensPerSecond: TOKENS_PER_SECOND }
  await stage.warmUp({ ...main, tokens: 2 * TOKENS_PER_SECOND }, STREAMS)
  await stage.open({ main, probe }, STREAMS)
  const input: ProbeInput = {
    port: stage.port,
    count: Math.floor(((seconds - 2) * 1_000) / (PROBE_EVERY_MS + 1)),
    everyMs: PROBE_EVERY_MS,
    shape: 'probe',
    tokens: PROBE_TOKENS,
    firstStream: STREAMS,
  }
  const flowing = stage.flow()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const probed = await stage.load.ask<Percentiles & { wrong: number }>('probe', input)
  await flowing
  await stage.check(main.tokens)
  if (probed.wrong > 0) throw new Error(`${stage.contestant.name} answered ${probed.wrong} single requests wrongly.`)
  return { p50Ms: probed.p50 / 1_000, p99Ms: probed.p99 / 1_000, maxMs: probed.max / 1_000, requests: probed.count }
}
