import type { Percentiles } from '../../traffic/percentiles.ts'
import type { Metrics, StoreRow } from '../../trials/row.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import type { ProbeInput } from '../../stores/probe.ts'
import { MEMORY, REDIS_ALONE, RESUMABLE_ALONE } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const STREAMS = 50
const TOKENS_PER_SECOND = 40
const PROBE_EVERY_MS = 20
const PROBE_TOKENS = 4

export const redisFirstToken: StoreRow = {
  id: 'redis-first-token',
  title: 'First token where it is produced, on Redis',
  what: `While ${STREAMS} streams run at ${TOKENS_PER_SECOND} tokens a second, single ones are started; from the call of \`start\` to the first token read in the same process, whose source has it at once.`,
  expected:
    'Two round trips, the stream’s meta and its first append, of 0.2 to 0.4 ms each beside other work: + 0.5 to 1 ms. The same for resumable-stream, which subscribes and sets its sentinel first.',
  contestants: [MEMORY, RESUMABLE_ALONE, REDIS_ALONE],
  missing: missingRedis,
  floors: [
    {
      what: 'p50 start to first token, against the memory store',
      metric: 'p50Ms',
      contestant: REDIS_ALONE,
      compare: 'difference',
      against: MEMORY,
      unit: 'ms',
      max: 2,
    },
    {
      what: 'p99 start to first token, against the memory store',
      metric: 'p99Ms',
      contestant: REDIS_ALONE,
      compare: 'difference',
      against: MEMORY,
      unit: 'ms',
    },
    {
      what: 'p50 start to first token, against resumable-stream',
      metric: 'p50Ms',
      contestant: REDIS_ALONE,
      compare: 'difference',
      against: RESUMABLE_ALONE,
      unit: 'ms',
    },
  ],
  measureStore: measure,
}

async function measure(stage: StoreStage): Promise<Metrics> {
  const seconds = stage.quick ? 3 : 8
  const main = { tokens: seconds * TOKENS_PER_SECOND, tokensPerSecond: TOKENS_PER_SECOND, gated: true }
  await stage.warmUp({ ...main, tokens: TOKENS_PER_SECOND }, STREAMS)
  const input: ProbeInput = {
    count: Math.floor(((seconds - 1) * 1_000) / (PROBE_EVERY_MS + 2)),
    everyMs: PROBE_EVERY_MS,
    shape: 'probe',
    tokens: PROBE_TOKENS,
    firstStream: STREAMS,
  }
  await stage.open({ main, probe: { tokens: PROBE_TOKENS, tokensPerSecond: TOKENS_PER_SECOND } }, STREAMS)
  const flowing = stage.flow()
  const { p50, p99, max, count, wrong } = await stage.producer.ask<Percentiles & { wrong: number }>('probe', input)
  await flowing
  await stage.check(main.tokens)
  if (wrong > 0) throw new Error(`${stage.contestant.name} gave ${wrong} single streams wrongly.`)
  return { p50Ms: p50 / 1_000, p99Ms: p99 / 1_000, maxMs: max / 1_000, starts: count }
}
