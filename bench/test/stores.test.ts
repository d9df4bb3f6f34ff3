import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { textOf, TOKEN_CHARS, tokenOf } from '../traffic/fixtures.ts'
import type { Shape } from '../traffic/source.ts'
import { Round } from '../traffic/source.ts'
import { faultBetween } from '../soak/fault.ts'
import { slopeOf } from '../soak/slope.ts'
import { callsSince, countCalls, sentCommands } from '../stores/commands.ts'
import { StoreReading } from '../stores/store-reading.ts'
import { COMPLETE, type Reading } from '../stores/instance.ts'
import type { AttachInput } from '../stores/program.ts'
import { MEMORY, REDIS, REDIS_ALONE, RESUMABLE, RESUMABLE_ALONE, type StoreContestant } from '../stores/roster.ts'
import { StoreStage } from '../stores/stage.ts'

const SHAPES: Record<string, Shape> = {
  'one token a turn': { tokens: 300 },
  'bursts of 32': { tokens: 320, burst: 32 },
  paced: { tokens: 20, tokensPerSecond: 200 },
  'paced bursts': { tokens: 64, tokensPerSecond: 200, burst: 16 },
  'a head, then paced': { tokens: 220, tokensPerSecond: 200, head: 200 },
}
const CONTESTANTS: readonly StoreContestant[] = [MEMORY, REDIS_ALONE, REDIS, RESUMABLE_ALONE, RESUMABLE]

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis.close())

test.each(Object.entries(SHAPES))('sources say what they should: %s', async (_, shape) => {
  const round = new Round({ main: shape }, 1)
  let text = ''
  for await (const token of round.sourceAt('/main/5')()) text += token
  expect(text).toBe(textOf(5, shape.tokens))
})

describe.each(CONTESTANTS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  let stage: StoreStage
  beforeAll(async () => {
    stage = new StoreStage(contestant, redis, { quick: true })
    await stage.ready()
  })
  afterAll(() => stage.over())

  test.each(Object.entries(SHAPES))('gives every reader exactly what was said: %s', async (_name, shape) => {
    await stage.open({ main: { ...shape, gated: true } }, 5)
    await stage.flow()
    await stage.check(shape.tokens)
    await expect(readingsOf(stage)).resolves.toEqual([5, 5 * contestant.remoteReaders])
    await stage.forget()
  })

  test('is resumed exactly in the middle, here and from another process', async () => {
    const tokens = 400
    const [id] = await stage.open({ main: { tokens, tokensPerSecond: 200, head: 200 } }, 1)
    await stage.producer.ask('reach', { tokens: 200 })
    const elsewhere = contestant.store === 'memory' ? [] : [stage.reader]
    for (const child of [stage.producer, ...elsewhere]) {
      await child.ask('attach', { ids: [id!], from: 150, readers: 3 } satisfies AttachInput)
    }
    await Promise.all([stage.producer.ask('finish'), stage.reader.ask('finish')])
    await stage.check(tokens)
    await stage.forget()
  })

  test('is timed token by token', async () => {
    if (contestant.remoteReaders === 0) return
    const main = { tokens: 20, tokensPerSecond: 100, gated: true }
    await stage.open({ main }, 2, { timed: true })
    await stage.flow()
    const { count, p50 } = await stage.delays(main.tokens)
    expect(count).toBe(40)
    expect(p50).toBeGreaterThan(0)
    await stage.forget()
  })
})

describe('a wrong text', () => {
  const one = (pieces: readonly string[], ending: string = COMPLETE): Promise<string | undefined> => {
    const heard = new StoreReading({ stream: 1 })
    const reading: Reading = {
      leave() {},
      async read(onText) {
        for (const piece of pieces) onText(piece)
        return ending
      },
    }
    return heard.listen(reading).then(() => heard.faultOf(9))
  }

  test('is not taken for a right one', async () => {
    await expect(one([textOf(1, 4), textOf(1, 9).slice(4 * TOKEN_CHARS)])).resolves.toBeUndefined()
    await expect(one([textOf(1, 8)])).resolves.toBeTypeOf('string')
    await expect(one([textOf(1, 9), tokenOf(1, 8)])).resolves.toBeTypeOf('string')
    await expect(one([textOf(2, 9)])).resolves.toBeTypeOf('string')
    await expect(one([textOf(1, 9)], 'interrupted: lease')).resolves.toBeTypeOf('string')
  })

  test('is told apart in the soak: something missing, or twice', () => {
    const text = textOf(3, 60)
    const at = (token: number): number => token * TOKEN_CHARS
    expect(faultBetween(text, text)).toBe('none')
    expect(faultBetween(text.slice(0, at(20)) + text.slice(at(25)), text)).toBe('gap')
    expect(faultBetween(text.slice(0, at(50)), text)).toBe('gap')
    expect(faultBetween(text.slice(0, at(30)) + text.slice(at(25)), text)).toBe('duplicate')
    expect(faultBetween(text + text.slice(at(50)), text)).toBe('duplicate')
    expect(faultBetween(text.slice(0, at(30)) + '#'.repeat(at(30)), text)).toBe('other')
  })
})

test('the slope of a heap is that of the line through its later samples', () => {
  const rising = Array.from({ length: 30 }, (_, minute) => ({
    atMinutes: minute,
    heapMib: minute < 10 ? 0 : 2 * minute,
  }))
  expect(slopeOf(rising).mibPerMinute).toBeCloseTo(2)
})

test.each([
  [REDIS.name, REDIS],
  [RESUMABLE.name, RESUMABLE],
])('commands of %s are counted as MONITOR sees them', async (_, contestant) => {
  const stage = new StoreStage(contestant, redis, { quick: true })
  await stage.ready()
  const client = new Redis(redis.url)
  const monitor = await client.monitor()
  let sent = 0
  let sentBetween: number | undefined
  // A store does something by itself now and then: what is counted is what comes between the two readings, which are INFO.
  let marked = false
  const over = Promise.withResolvers<void>()
  monitor.on('monitor', (_time: string, [name, mark]: [string, string?], source: string) => {
    const command = name.toLowerCase()
    if (command === 'echo') {
      marked = mark === 'from'
      if (mark === 'to') over.resolve()
    } else if (command !== 'info') sent += source === 'lua' ? 0 : 1
    else if (marked && sentBetween === undefined) sent = sentBetween = 0
    else if (marked) sentBetween = sent
  })
  await client.echo('from')
  const calls = await countCalls(
    redis,
    async () => {
      await stage.open({ main: { tokens: 50, tokensPerSecond: 100, gated: true } }, 3)
      await stage.flow()
    },
    500,
  )
  await client.echo('to')
  await over.promise
  monitor.disconnect()
  client.disconnect()
  await stage.over()
  // Tokens that come late are stored together.
  expect(sentBetween).toBeGreaterThan(10)
  expect(sentCommands(calls)).toBe(sentBetween)
})

test('calls are counted from one reading to the next', () => {
  const since = callsSince(
    new Map([['get', 2]]),
    new Map([
      ['get', 5],
      ['set', 1],
    ]),
  )
  expect([...since]).toEqual([
    ['get', 3],
    ['set', 1],
  ])
  expect(sentCommands(since)).toBe(4)
})

/** How many readings there are, in the producing process and in the other. */
async function readingsOf(stage: StoreStage): Promise<number[]> {
  const children = [stage.producer, stage.reader]
  return Promise.all(children.map(async (child) => (await child.ask<unknown[]>('told')).length))
}
