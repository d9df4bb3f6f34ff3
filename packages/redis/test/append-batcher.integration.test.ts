import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type AppendOutcome, AppendBatcher } from '../src/connection/append-batcher.ts'
import { RedisConnection } from '../src/connection/redis-connection.ts'
import { resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'

let server: RedisServer
let connection: RedisConnection
let batcher: AppendBatcher
beforeAll(async () => {
  server = await startRedisServer()
  const scheduler = new Scheduler(createSystemRuntime(), false)
  connection = new RedisConnection(scheduler, resolveRedisStoreOptions(server.url))
  batcher = new AppendBatcher(scheduler, connection)
})
afterAll(async () => {
  connection.close()
  await server.close()
})

/** A stream that has nothing yet. */
async function begin(name: string): Promise<void> {
  await server.command('HSET', name, 'epoch', '1', 'seq', '0', 'first', '1', 'tokens', '0')
}

function append(name: string, after = 0, payload = `[1,${after + 1},"x"]`): Promise<AppendOutcome> {
  return batcher.append({
    keys: [name, `${name}:log`],
    epoch: 1,
    after,
    lastSeq: after + 1,
    tokens: 1,
    firstSeq: 1,
    payload,
  })
}

async function scriptCalls(): Promise<number> {
  const calls = await server.commandsProcessed()
  return (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0)
}

describe('appends of many streams at the same time', () => {
  test('are one command, and each is answered by itself', async () => {
    for (const name of ['one', 'two', 'three']) await begin(name)
    await append('one')
    const before = await scriptCalls()
    const answers = await Promise.all([append('one', 1), append('two', 5), append('three'), append('none')])
    expect(answers).toEqual([['ok'], ['gap', '0'], ['ok'], ['missing']])
    expect((await scriptCalls()) - before).toBe(1)
    expect(await server.command('XLEN', 'one:log')).toBe(2)
  })

  test('an error of one is not the others’', async () => {
    for (const name of ['before', 'broken', 'after']) await begin(name)
    await server.command('SET', 'broken:log', 'of another kind')
    const answers = await Promise.allSettled([append('before'), append('broken'), append('after')])
    expect(answers).toMatchObject([
      { value: ['ok'] },
      { value: ['foreign', expect.stringContaining('WRONGTYPE') as string] },
      { value: ['ok'] },
    ])
  })

  test('are more than one command when there are many, or long ones', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`)
    for (const name of names) await begin(name)
    const before = await scriptCalls()
    expect(await Promise.all(names.map((name) => append(name)))).toEqual(names.map(() => ['ok']))
    const between = await scriptCalls()
    expect(between - before).toBe(2)
    const long = JSON.stringify([1, 2, 'x'.repeat(100_000)])
    expect(await Promise.all(names.slice(0, 9).map((name) => append(name, 1, long)))).toEqual(
      names.slice(0, 9).map(() => ['ok']),
    )
    expect((await scriptCalls()) - between).toBe(3)
  })

  test('all hear of a Redis that does not answer', async () => {
    const scheduler = new Scheduler(createSystemRuntime(), false)
    const away = new RedisConnection(scheduler, {
      ...resolveRedisStoreOptions('redis://127.0.0.1:1'),
      commandMs: 50,
    })
    const waiting = new AppendBatcher(scheduler, away)
    const nothing = { epoch: 1, after: 0, lastSeq: 1, tokens: 0, firstSeq: 1, payload: '[1,1]' }
    const asked = ['one', 'two'].map((name) => waiting.append({ keys: [name, name], ...nothing }))
    const answers = await Promise.allSettled(asked)
    away.close()
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
