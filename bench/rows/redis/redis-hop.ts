import type { Metrics, StoreRow } from '../../trials/row.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import { REDIS, RESUMABLE } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const STREAMS = 10
const TOKENS_PER_SECOND = 50

export const redisHop: StoreRow = {
  id: 'redis-hop',
  title: 'From one instance to another',
  what: `${STREAMS} streams at ${TOKENS_PER_SECOND} tokens a second, each read in another process; from a token’s yield to its reading there.`,
  expected:
    'The script publishes the entry itself, so a token takes one way to Redis and one from it: 0.3 to 0.6 ms. The tail is what the machine does beside it.',
  contestants: [RESUMABLE, REDIS],
  missing: missingRedis,
  floors: [
    { what: 'p50 yield to remote read', metric: 'p50Ms', contestant: REDIS, compare: 'value', unit: 'ms', max: 2 },
    { what: 'p99 yield to remote read', metric: 'p99Ms', contestant: REDIS, compare: 'value', unit: 'ms', max: 15 },
    {
      what: 'p50 yield to remote read, against resumable-stream',
      metric: 'p50Ms',
      contestant: REDIS,
      compare: 'difference',
      against: RESUMABLE,
      unit: 'ms',
    },
  ],
  async measureStore(stage: StoreStage): Promise<Metrics> {
    const tokens = TOKENS_PER_SECOND * (stage.quick ? 3 : 10)
    const main = { tokens, tokensPerSecond: TOKENS_PER_SECOND, gated: true }
    await stage.warmUp({ ...main, tokens: 2 * TOKENS_PER_SECOND }, STREAMS)
    await stage.open({ main }, STREAMS, { timed: true })
    await stage.flow()
    await stage.check(tokens)
    const { p50, p99, max } = await stage.delays(tokens)
    return { p50Ms: p50 / 1_000, p99Ms: p99 / 1_000, maxMs: max / 1_000 }
  },
}
