import { percentiles } from '../../traffic/percentiles.ts'
import type { Metrics, StoreRow } from '../../trials/row.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import { REDIS_ALONE } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const STREAMS = 200
const CANCEL_EVERY_MS = 10
const BEFORE_MS = 500
const WAIT_MS = 1_000

export const redisCancel: StoreRow = {
  id: 'redis-cancel',
  title: 'Cancelled from another instance',
  what: `${STREAMS} running streams are cancelled one after the other by a process that does not produce them; from the call there to the \`abort\` event of the source’s signal here.`,
  expected:
    'A look, a close that tells the producer in the same script, and the producer’s own look at what the store has: four ways, 1 to 3 ms. Nothing is lost as long as the connection stands.',
  contestants: [REDIS_ALONE],
  missing: missingRedis,
  floors: [
    {
      what: 'sources aborted',
      metric: 'abortedPercent',
      contestant: REDIS_ALONE,
      compare: 'value',
      unit: '%',
      min: 100,
    },
    { what: 'p50 cancel → abort', metric: 'p50Ms', contestant: REDIS_ALONE, compare: 'value', unit: 'ms' },
    { what: 'p99 cancel → abort', metric: 'p99Ms', contestant: REDIS_ALONE, compare: 'value', unit: 'ms', max: 250 },
  ],
  measureStore: measure,
}

async function measure(stage: StoreStage): Promise<Metrics> {
  const main = { tokens: 4_000, tokensPerSecond: 20, gated: true, watchesSignal: true }
  await stage.warmUp({ tokens: 20, tokensPerSecond: 20, gated: true }, STREAMS)
  const ids = await stage.open({ main }, STREAMS)
  await stage.producer.ask('gate')
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS))
  const askedUs = await stage.reader.ask<number[]>('cancel', { ids, everyMs: CANCEL_EVERY_MS })
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  const abortedUs = await stage.producer.ask<number[]>('aborts')
  const waits = abortedUs.flatMap((atUs, stream) => (atUs === 0 ? [] : [atUs - askedUs[stream]!]))
  if (waits.some((wait) => wait < 0)) throw new Error('A source was aborted before its stream was cancelled.')
  const { p50, p99, max } = percentiles(waits)
  return { abortedPercent: (100 * waits.length) / STREAMS, p50Ms: p50 / 1_000, p99Ms: p99 / 1_000, maxMs: max / 1_000 }
}
