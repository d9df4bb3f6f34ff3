import type { Column, Metrics, StoreRow } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import { type Calls, countCalls, sentCommands } from '../../stores/commands.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import { MEMORY, REDIS, RESUMABLE } from '../../stores/roster.ts'
import type { Flowed, StoreStage } from '../../stores/stage.ts'

/** What an end is followed by (settling, unsubscribing) is counted too. */
const SETTLE_MS = 500

const COMMANDS: Column = { what: 'commands', metric: 'commandsPerToken', unit: 'a token' }

export const redisCommands: StoreRow = {
  id: 'redis-commands',
  title: 'Commands to Redis, at the pace of a chat model',
  what: 'One stream at 50 tokens a second for 10 s, read where it is produced and in another process; commands that both processes send, from before the start until after the end.',
  expected:
    'An append per token, as each comes after the answer to the one before; lease, presence and looks are 10 to 20 commands: 1.02 to 1.05. `resumable-stream` publishes each token for its resumed reader: 1.0 and a few.',
  contestants: [RESUMABLE, REDIS],
  missing: missingRedis,
  columns: [COMMANDS],
  floors: [
    {
      what: 'commands per token',
      metric: 'commandsPerToken',
      contestant: REDIS,
      compare: 'value',
      unit: '',
      max: 1.2,
    },
    {
      what: 'commands per token beside resumable-stream',
      metric: 'commandsPerToken',
      contestant: REDIS,
      compare: 'ratio',
      against: RESUMABLE,
      unit: '',
    },
  ],
  async measureStore(stage: StoreStage): Promise<Metrics> {
    const tokens = stage.quick ? 100 : 500
    const { calls } = await counted(stage, { tokens, tokensPerSecond: 50, gated: true })
    return { ...perToken(calls, tokens), publishPerToken: (calls.get('publish') ?? 0) / tokens }
  },
}

export const redisFast: StoreRow = {
  id: 'redis-fast',
  title: 'One stream as fast as it goes, on Redis',
  what: 'One stream of 60,000 tokens, one ready in each turn, read where it is produced and in another process. CPU of the producing process and of Redis; what the store adds is taken against the memory store, in the same repetition.',
  expected:
    'An append holds what came while the one before was under way, 60 to 100 tokens: 1/60 of a command per token, 0.5 to 1.5 µs of client CPU (JSON, write, answer) and 0.3 to 0.6 µs of Redis. `resumable-stream`: 1 command, 80 µs and 24 µs (perf.md G).',
  contestants: [MEMORY, RESUMABLE, REDIS],
  missing: missingRedis,
  columns: [
    COMMANDS,
    { what: 'CPU of the producing process', metric: 'cpuUsPerToken', unit: 'µs/token', isCompared: true },
    { what: 'CPU of Redis', metric: 'redisCpuUsPerToken', unit: 'µs/token' },
  ],
  floors: [
    {
      what: 'commands per token',
      metric: 'commandsPerToken',
      contestant: REDIS,
      compare: 'value',
      unit: '',
      max: 1 / 16,
    },
    {
      what: 'client CPU per token, added to the memory store',
      metric: 'cpuUsPerToken',
      contestant: REDIS,
      compare: 'difference',
      against: MEMORY,
      unit: 'µs',
      max: 2,
    },
    {
      what: 'Redis CPU per token',
      metric: 'redisCpuUsPerToken',
      contestant: REDIS,
      compare: 'value',
      unit: 'µs',
      max: 0.6,
    },
    {
      what: 'client CPU per token beside resumable-stream',
      metric: 'cpuUsPerToken',
      contestant: REDIS,
      compare: 'ratio',
      against: RESUMABLE,
      unit: 'µs',
    },
  ],
  async measureStore(stage: StoreStage): Promise<Metrics> {
    const tokens = stage.quick ? 10_000 : 60_000
    await stage.warmUp({ tokens: 20_000, gated: true }, 1)
    const { calls, flowed } = await counted(stage, { tokens, gated: true })
    return {
      ...perToken(calls, tokens),
      cpuUsPerToken: flowed.cpuUs / tokens,
      redisCpuUsPerToken: flowed.redisCpuUs / tokens,
      tokensPerSecond: (tokens / flowed.wallUs) * 1e6,
    }
  },
}

async function counted(stage: StoreStage, main: Shape): Promise<{ calls: Calls; flowed: Flowed }> {
  let flowed: Flowed | undefined
  const run = async (): Promise<void> => {
    await stage.open({ main }, 1)
    flowed = await stage.flow()
  }
  const calls = await countCalls(stage.redis, run, SETTLE_MS)
  await stage.check(main.tokens)
  return { calls, flowed: flowed! }
}

function perToken(calls: Calls, tokens: number): Metrics {
  return { commandsPerToken: sentCommands(calls) / tokens, evalshaPerToken: (calls.get('evalsha') ?? 0) / tokens }
}
