import type { Metrics, StoreRow } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import { MEMORY, REDIS, REDIS_ALONE, RESUMABLE, RESUMABLE_ALONE } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const STREAMS = 200
const TOKENS_PER_SECOND = 40
const SECONDS = 8
const QUICK_SECONDS = 3
const WARM_UP_SECONDS = 2

const CPU = { metric: 'cpuUsPerToken', compare: 'ratio', unit: 'µs' } as const

export const redisPaced: StoreRow = {
  id: 'redis-paced-200',
  title: `${STREAMS} streams at ${TOKENS_PER_SECOND} tokens a second, on Redis`,
  what: `${STREAMS} streams for ${SECONDS} s, out of step, each read where it is produced, without and with one reader in another process; CPU of the producing process per token.`,
  expected:
    'Source and timers are 8 µs of it. A token is one append here as it is one PUBLISH there; the script has more arguments and its answer is awaited before readers here see the token: 0.8 to 1.1 of resumable-stream’s. A remote reader costs the producer nothing, Redis tells it.',
  contestants: [MEMORY, RESUMABLE_ALONE, RESUMABLE, REDIS_ALONE, REDIS],
  missing: missingRedis,
  floors: [
    {
      what: 'producer CPU per token, no remote reader, against resumable-stream with one resumed',
      contestant: REDIS_ALONE,
      against: RESUMABLE,
      max: 1,
      ...CPU,
    },
    {
      what: 'producer CPU per token, one remote reader, against resumable-stream with one resumed',
      contestant: REDIS,
      against: RESUMABLE,
      max: 1,
      ...CPU,
    },
    {
      what: 'producer CPU per token, no remote reader, against resumable-stream with none (Redis has nothing there)',
      contestant: REDIS_ALONE,
      against: RESUMABLE_ALONE,
      ...CPU,
    },
    {
      what: 'producer CPU per token, no remote reader, against the memory store',
      contestant: REDIS_ALONE,
      against: MEMORY,
      ...CPU,
    },
    {
      what: 'Redis CPU per token, one remote reader, beside resumable-stream',
      metric: 'redisCpuUsPerToken',
      contestant: REDIS,
      against: RESUMABLE,
      compare: 'ratio',
      unit: 'µs',
    },
  ],
  measureStore: measure,
}

async function measure(stage: StoreStage): Promise<Metrics> {
  const main = (seconds: number): Shape => ({
    tokens: seconds * TOKENS_PER_SECOND,
    tokensPerSecond: TOKENS_PER_SECOND,
    gated: true,
  })
  const shape = main(stage.quick ? QUICK_SECONDS : SECONDS)
  await stage.warmUp(main(WARM_UP_SECONDS), STREAMS)
  await stage.open({ main: shape }, STREAMS)
  const { cpuUs, redisCpuUs, wallUs } = await stage.flow()
  await stage.check(shape.tokens)
  const total = shape.tokens * STREAMS
  return {
    cpuUsPerToken: cpuUs / total,
    redisCpuUsPerToken: redisCpuUs / total,
    producerBusy: cpuUs / wallUs,
    redisBusy: redisCpuUs / wallUs,
  }
}
