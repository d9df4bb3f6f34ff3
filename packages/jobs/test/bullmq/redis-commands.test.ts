import { EventEmitter } from 'node:events'

import { Scheduler } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { Operator } from '../../src/bullmq/operator.ts'
import { RedisCommands } from '../../src/bullmq/redis-commands.ts'

const COMMAND_MS = 1_000

/** Stands for a connection of ioredis: what is asked waits until the test answers. */
class Line extends EventEmitter {
  status = 'ready'
  readonly asked: { id: string; by: 'sha' | 'text'; answer: (reply: unknown) => void; fail: (error: Error) => void }[] =
    []
  /** How often it was made anew. */
  dropped = 0
  readonly stream: object = { destroy: () => void this.dropped++, on() {} }

  evalsha(...args: unknown[]): Promise<unknown> {
    return this.#ask('sha', args)
  }

  eval(...args: unknown[]): Promise<unknown> {
    return this.#ask('text', args)
  }

  disconnect(): void {}

  #ask(by: 'sha' | 'text', args: unknown[]): Promise<unknown> {
    return new Promise((answer, fail) => this.asked.push({ id: String(args[4]), by, answer, fail }))
  }
}

function rig(): {
  runtime: ReturnType<typeof createVirtualRuntime>
  line: Line
  commands: RedisCommands
  told: string[]
} {
  const runtime = createVirtualRuntime()
  const scheduler = new Scheduler(runtime)
  const line = new Line()
  const told: string[] = []
  const client = line as unknown as Redis
  const operator = new Operator(scheduler, (message) => told.push(message))
  const commands = new RedisCommands({ client, scheduler, operator, prefix: '{p}', commandMs: COMMAND_MS })
  return { runtime, line, commands, told }
}

const replyError = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })

test('a reply is given without its id, and nothing waits for its time any more', async () => {
  const { runtime, line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  line.asked[0]!.answer([line.asked[0]!.id, 'a', 'b'])
  expect(await asking).toEqual(['a', 'b'])
  await runtime.advance(10_000)
  expect([runtime.pendingTimers, line.dropped]).toEqual([0, 0])
})

test('a script that Redis does not know is sent as a text, as the same command', async () => {
  const { line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  line.asked[0]!.fail(replyError('NOSCRIPT No matching script.'))
  await new Promise(setImmediate)
  expect(line.asked.map(({ by }) => by)).toEqual(['sha', 'text'])
  expect(line.asked[1]!.id).toBe(line.asked[0]!.id)
  line.asked[1]!.answer([line.asked[0]!.id])
  expect(await asking).toEqual([])
})

test.each([
  ['the connection is lost', new Error('Connection is closed.')],
  ['the server is one that loads', replyError('LOADING Redis is loading the dataset in memory')],
  ['a cluster moves the slot', replyError('TRYAGAIN Multiple keys request during rehashing of slot')],
])('it is asked again, as the same command: %s', async (_, error) => {
  const { runtime, line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  line.asked[0]!.fail(error)
  await runtime.advance(60)
  expect(line.asked).toHaveLength(2)
  expect(line.asked[1]!.id).toBe(line.asked[0]!.id)
  line.asked[1]!.answer([line.asked[1]!.id, 'done'])
  expect(await asking).toEqual(['done'])
})

test('it is not asked again once its time is over, nor while there is no connection', async () => {
  const { runtime, line, commands } = rig()
  line.status = 'reconnecting'
  const asking = commands.run('read', ['job', 'a'])
  const failed = asking.catch((error: unknown) => error)
  await runtime.advance(COMMAND_MS)
  const message = expect.stringContaining('no answer in 1000 ms') as string
  expect(await failed).toMatchObject({ code: 'SLUICE_ERR_STORE', message })
  line.status = 'ready'
  line.emit('ready')
  await runtime.advance(COMMAND_MS)
  expect(line.asked).toEqual([])
})

test('what waits for a connection is asked as soon as there is one', async () => {
  const { line, commands } = rig()
  line.status = 'connecting'
  void commands.run('read', ['job', 'a'])
  line.status = 'ready'
  line.emit('ready')
  expect(line.asked).toHaveLength(1)
})

test('where nothing is answered for half of the time, the connection is made anew, and it is asked again', async () => {
  const { runtime, line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  await runtime.advance(COMMAND_MS / 2 - 1)
  expect(line.dropped).toBe(0)
  await runtime.advance(1)
  expect(line.dropped).toBe(1)
  line.asked[0]!.fail(new Error('Connection is closed.'))
  await runtime.advance(50)
  line.asked[1]!.answer([line.asked[1]!.id, 'done'])
  expect(await asking).toEqual(['done'])
})

test('where others are answered, one that is slow is waited for, and rejected in its time', async () => {
  const { runtime, line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  const failed = asking.catch((error: unknown) => error)
  for (let time = 0; time < 10; time++) {
    const other = commands.run('read', ['job', 'b'])
    line.asked.at(-1)!.answer([line.asked.at(-1)!.id])
    await other
    await runtime.advance(COMMAND_MS / 10)
  }
  expect(await failed).toMatchObject({ code: 'SLUICE_ERR_STORE' })
  expect(line.dropped).toBe(0)
})

test("another command's reply is no answer: the connection is made anew, the operator is told, and it is asked again", async () => {
  const { runtime, line, commands, told } = rig()
  const asking = commands.run('read', ['job', 'a'])
  line.asked[0]!.answer(['another', 'b'])
  await runtime.advance(50)
  expect([line.dropped, told]).toEqual([1, [expect.stringContaining('answers another command')]])
  line.asked[1]!.answer([line.asked[1]!.id, 'a'])
  expect(await asking).toEqual(['a'])
  // One that comes when nobody waits any more is one too many, all the same.
  line.asked[0]!.answer(['another', 'c'])
  expect(line.dropped).toBe(1)
})

test.each([
  ['SLUICE_ERR_STORE', 'NOPERM this user has no permissions to run the evalsha command'],
  ['SLUICE_ERR_OVERLOADED', "OOM command not allowed when used memory > 'maxmemory'."],
])('what Redis refuses is refused at once, and only the operator is told why: %s', async (code, message) => {
  const { line, commands, told } = rig()
  const asking = commands.run('read', ['job', 'a'])
  line.asked[0]!.fail(replyError(message))
  const error: unknown = await asking.catch((each: unknown) => each)
  expect(error).toMatchObject({ code, cause: { message }, retryAfterMs: 1_000 })
  expect((error as Error).message).not.toContain(message.slice(0, 6))
  expect(told).toEqual([expect.stringContaining(message.slice(0, 20))])
})

test('what is asked when it is closed is refused, also what was under way', async () => {
  const { runtime, line, commands } = rig()
  const asking = commands.run('read', ['job', 'a'])
  const failed = asking.catch((error: unknown) => error)
  commands.close()
  expect(await failed).toMatchObject({ code: 'SLUICE_ERR_STORE', message: expect.stringContaining('closed') as string })
  await expect(commands.run('read', ['job', 'a'])).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
  line.asked[0]!.fail(new Error('Connection is closed.'))
  await runtime.advance(10_000)
  expect([line.asked.length, runtime.pendingTimers]).toEqual([1, 0])
})
