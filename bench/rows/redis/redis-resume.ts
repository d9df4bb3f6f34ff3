import { percentiles } from '../../traffic/percentiles.ts'
import type { Floor, Metrics, StoreRow } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import { countCalls } from '../../stores/commands.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import type { AttachInput, Told } from '../../stores/program.ts'
import { REDIS_ALONE, RESUMABLE_ALONE, type StoreContestant } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const BACKLOG = 10_000
const FROM = BACKLOG / 2
const TOKENS_PER_SECOND = 50
const READERS = 10
/** Streams, one after the other; each is resumed once, so that nobody finds in its process what another has fetched. */
const STREAMS = 16
const QUICK_STREAMS = 6
/** The first of them are there to have the code compiled. */
const WARM_UP = 2

interface Situation {
  name: string
  id: string
  /** Whether the readers are in the producing process. */
  here: boolean
  ended: boolean
}

const SITUATIONS: readonly Situation[] = [
  { id: 'live', name: 'from another process, live', here: false, ended: false },
  { id: 'ended', name: 'from another process, after its end', here: false, ended: true },
  { id: 'here', name: 'where it is produced, live', here: true, ended: false },
]

function resumeRow(situation: Situation): StoreRow {
  const { id, name, ended } = situation
  // resumable-stream has nothing left to resume once a stream has ended.
  const contestants: StoreContestant[] = ended ? [REDIS_ALONE] : [RESUMABLE_ALONE, REDIS_ALONE]
  const value = { contestant: REDIS_ALONE, compare: 'value' } as const
  const floors: Floor[] = [
    { what: 'last token of the backlog, p50', metric: 'backlogP50Ms', unit: 'ms', max: 10, ...value },
    { what: 'first token, p99', metric: 'firstP99Ms', unit: 'ms', max: 50, ...value },
    { what: `log reads of ${READERS} readers beyond those of one`, metric: 'readsMore', unit: '', max: 0, ...value },
    { what: `log reads of ${READERS} readers`, metric: 'reads', unit: '', ...value },
  ]
  if (!ended) {
    floors.push({
      what: 'last token of the backlog, p50, against resumable-stream',
      metric: 'backlogP50Ms',
      contestant: REDIS_ALONE,
      compare: 'difference',
      against: RESUMABLE_ALONE,
      unit: 'ms',
    })
  }
  return {
    id: `redis-resume-${id}`,
    title: `${READERS} readers resume in the middle, ${name}`,
    what: `A stream of ${BACKLOG} tokens, one entry in Redis for about a hundred, is resumed after token ${FROM} by ${READERS} readers at once, ${name}; from the call of \`attach\`, over ${STREAMS / 2 - WARM_UP / 2} streams. As many other streams are resumed by one reader; log reads are calls of XRANGE.`,
    expected:
      'One look of some 70 KB, 0.3 ms in Redis, and 2 to 4 ms to parse and log it, for all readers together: 4 to 8 ms. In the producing process nothing is fetched: 1 to 2 ms. One log read, or none.',
    contestants,
    missing: missingRedis,
    floors,
    measureStore: (stage) => measure(stage, situation),
  }
}

async function measure(stage: StoreStage, { here, ended }: Situation): Promise<Metrics> {
  const streams = stage.quick ? QUICK_STREAMS : STREAMS
  const tail = (ended ? 1 : streams / 2) * TOKENS_PER_SECOND
  const tokens = BACKLOG + tail
  const main: Shape = { tokens, tokensPerSecond: TOKENS_PER_SECOND, head: BACKLOG }
  const ids = await stage.open({ main }, streams)
  await stage.producer.ask('reach', { tokens: ended ? tokens : BACKLOG })
  if (ended) await stage.producer.ask('finish')
  const child = here ? stage.producer : stage.reader
  const reads: Record<number, number[]> = { 1: [], [READERS]: [] }
  for (const [stream, id] of ids.entries()) {
    const readers = stream % 2 === 0 ? 1 : READERS
    const calls = await countCalls(stage.redis, async () => {
      const input: AttachInput = { ids: [id], first: stream, from: FROM, backlog: BACKLOG, readers }
      await child.ask('attach', input)
      await child.ask('reach', { tokens: BACKLOG })
    })
    if (stream >= WARM_UP) reads[readers]!.push(calls.get('xrange') ?? 0)
  }
  await Promise.all([stage.producer.ask('finish'), stage.reader.ask('finish')])
  await stage.check(tokens)
  const told = await child.ask<Told[]>('told')
  // Even streams have one such reader, odd ones the many; a stream's own reading began at its start.
  const resumed = told.filter(({ stream, from }) => from === FROM && stream >= WARM_UP && stream % 2 === 1)
  const first = percentiles(resumed.map(({ firstUs, askedUs }) => firstUs - askedUs))
  const backlog = percentiles(resumed.map(({ backlogUs, askedUs }) => backlogUs - askedUs))
  const mean = (counts: number[]): number => counts.reduce((sum, count) => sum + count, 0) / counts.length
  return {
    firstP50Ms: first.p50 / 1_000,
    firstP99Ms: first.p99 / 1_000,
    backlogP50Ms: backlog.p50 / 1_000,
    backlogP99Ms: backlog.p99 / 1_000,
    reads: mean(reads[READERS]!),
    readsMore: mean(reads[READERS]!) - mean(reads[1]!),
    readings: resumed.length,
  }
}

export const redisResumeRows: readonly StoreRow[] = SITUATIONS.map(resumeRow)
