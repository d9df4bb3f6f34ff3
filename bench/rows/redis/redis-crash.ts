import { nowUs } from '../../process/clock.ts'
import { percentiles } from '../../traffic/percentiles.ts'
import type { Metrics, StoreRow } from '../../trials/row.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import type { Told } from '../../stores/program.ts'
import { REDIS } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const STREAMS = 50
const LEASE_MS = 10_000
const BEFORE_MS = 3_000
const WAIT_MS = 20_000
const POLL_MS = 250

export const redisCrash: StoreRow = {
  id: 'redis-crash',
  title: 'The producing process is killed',
  what: `${STREAMS} streams, each read in another process; the producing one gets SIGKILL, and the readers of the other are told that their streams were interrupted.`,
  expected:
    'The lease was renewed at most 3.3 s before, and a reading process looks at a silent stream every second: 6.7 to 11 s.',
  contestants: [REDIS],
  missing: missingRedis,
  floors: [
    { what: 'readers told', metric: 'toldPercent', contestant: REDIS, compare: 'value', unit: '%', min: 100 },
    {
      what: 'kill → last reader told',
      metric: 'maxSeconds',
      contestant: REDIS,
      compare: 'value',
      unit: 's',
      max: LEASE_MS / 1_000 + 2,
    },
  ],
  measureStore: measure,
}

async function measure(stage: StoreStage): Promise<Metrics> {
  await stage.open({ main: { tokens: 100_000, tokensPerSecond: 20, gated: true } }, STREAMS)
  await stage.producer.ask('gate')
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS))
  const killedUs = nowUs()
  stage.producer.kill()
  let told: Told[] = []
  while (nowUs() - killedUs < WAIT_MS * 1_000) {
    told = await stage.reader.ask<Told[]>('told')
    if (told.every(({ ending }) => ending !== '')) break
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const over = told.filter(({ ending }) => ending !== '')
  const wrong = over.find(({ ending }) => !ending.startsWith('interrupted'))
  if (wrong) throw new Error(`A reader of stream ${wrong.stream} was told "${wrong.ending}".`)
  const { p50, max } = percentiles(over.map(({ endedUs }) => endedUs - killedUs))
  return { toldPercent: (100 * over.length) / STREAMS, p50Seconds: p50 / 1e6, maxSeconds: max / 1e6 }
}
