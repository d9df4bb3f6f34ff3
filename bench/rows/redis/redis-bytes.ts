import { TOKEN_CHARS } from '../../traffic/fixtures.ts'
import type { Metrics, StoreRow } from '../../trials/row.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import { REDIS_ALONE } from '../../stores/roster.ts'
import type { StoreStage } from '../../stores/stage.ts'

const TOKENS_PER_ENTRY = 16
const ENTRIES = 500
const QUICK_ENTRIES = 150
/** Slow enough for each burst to find the one before stored, so that it becomes an entry of its own. */
const ENTRIES_PER_SECOND = 50

export const redisBytes: StoreRow = {
  id: 'redis-bytes',
  title: 'Bytes in Redis',
  what: `A stream of ${ENTRIES} entries of ${TOKENS_PER_ENTRY} tokens; \`MEMORY USAGE\` (all samples) of its log and of all its keys after its end, less the ${TOKEN_CHARS} bytes of each token.`,
  expected:
    'Quotes and a comma are 3 bytes a token; id, epoch, seq and the entry’s own fields 30 to 40 bytes an entry, 2 to 2.5 a token; listpacks are filled to 4 KB: 5.5 to 6.5. Meta and tombstone are one hash for all tokens.',
  contestants: [REDIS_ALONE],
  missing: missingRedis,
  floors: [
    {
      what: 'bytes per token beyond the payload, log',
      metric: 'logBytesPerToken',
      contestant: REDIS_ALONE,
      compare: 'value',
      unit: 'B',
      max: 10,
    },
    {
      what: 'bytes per token beyond the payload, all keys',
      metric: 'allBytesPerToken',
      contestant: REDIS_ALONE,
      compare: 'value',
      unit: 'B',
      max: 10,
    },
    {
      what: 'tokens per entry',
      metric: 'tokensPerEntry',
      contestant: REDIS_ALONE,
      compare: 'value',
      unit: '',
    },
  ],
  measureStore: measure,
}

async function measure(stage: StoreStage): Promise<Metrics> {
  const { redis } = stage
  const tokens = TOKENS_PER_ENTRY * (stage.quick ? QUICK_ENTRIES : ENTRIES)
  await stage.open({ main: { tokens, tokensPerSecond: ENTRIES_PER_SECOND, burst: TOKENS_PER_ENTRY, gated: true } }, 1)
  await stage.flow()
  await stage.check(tokens)
  const keys = (await redis.command('KEYS', '*')) as string[]
  let logBytes = 0
  let allBytes = 0
  let entries = 0
  for (const key of keys) {
    const bytes = Number(await redis.command('MEMORY', 'USAGE', key, 'SAMPLES', '0'))
    allBytes += bytes
    if (!key.endsWith(':log')) continue
    logBytes += bytes
    entries += Number(await redis.command('XLEN', key))
  }
  const beyond = (bytes: number): number => (bytes - tokens * TOKEN_CHARS) / tokens
  return {
    logBytesPerToken: beyond(logBytes),
    allBytesPerToken: beyond(allBytes),
    tokensPerEntry: tokens / entries,
    keys: keys.length,
  }
}
