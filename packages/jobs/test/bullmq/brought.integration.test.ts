import { ownTimeMs, until } from '@sluice/testing/patience'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { bullmqQueue } from '../../src/bullmq.ts'
import { openQueue, type QueueRig } from '../queue/suite/rig.ts'
import { freshPrefix } from './rig/documents-driver.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.close())

/** Workers that look for nothing as long as a test takes: what comes is brought by BullMQ. */
async function rigOf(prefix = freshPrefix()): Promise<QueueRig> {
  const open = (): ReturnType<typeof bullmqQueue> => bullmqQueue({ url: server.url, prefix })
  return openQueue({
    open: () => ({ queue: open(), second: open, passMs: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }),
    time: 'real',
    leaseMs: 30_000,
    checkMs: 600_000,
  })
}

const keysOf = async (prefix: string): Promise<string[]> =>
  ((await server.command('KEYS', `{${prefix}}:bull:*`)) as string[]).map((key) => key.slice(prefix.length + 8))

test('BullMQ brings a job at once, one that is to begin later then, and one that is given back', async () => {
  const rig = await rigOf()
  const worker = rig.worker()
  await rig.submit('now')
  await rig.until(() => worker.running.has('now'), 'it runs')
  const fromMs = performance.now()
  await rig.submit('later', { delayMs: 300 })
  await rig.until(() => worker.running.has('later'), 'the later one runs')
  expect(performance.now() - fromMs).toBeGreaterThan(290)
  await worker.giveBack('now', 100)
  await rig.until(() => worker.running.has('now'), 'it runs again')
  // An offer that is made while it is done by the same name comes back when that is over.
  await rig.queue.documents.write([
    { kind: 'job', id: 'later', after: 1, value: 0, place: { scope: 's', state: 'queued' }, dueInMs: 50 },
  ])
  await rig.queue.offer({ id: 'later', attempt: 0, delayMs: 50, priority: 0 })
  worker.leave('later')
  await rig.until(() => worker.running.has('later'), 'it runs again, too')
})

test('when a job of an owner is over, the next one of that owner begins, on whatever worker has held it back', async () => {
  const rig = await rigOf()
  const worker = rig.worker({ concurrency: 4, perOwner: 1 })
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await rig.submit(id)
  for (let count = 1; count <= 6; count++) {
    await rig.until(() => worker.begun.length === count, `${count} have begun`)
    expect(worker.running.size).toBe(1)
    // BullMQ has brought all that it has by then, and is told to bring it again in a second or more.
    await rig.passMs(30)
    const fromMs = ownTimeMs()
    await worker.finish(worker.begun.at(-1)!)
    await rig.until(() => worker.begun.length > count || count === 6, 'the next one begins')
    if (count === 1) expect(ownTimeMs() - fromMs).toBeLessThan(700)
  }
})

test('what a worker has found by itself takes places, too: BullMQ brings no more than are left', async () => {
  const rig = await rigOf()
  const worker = rig.worker({ concurrency: 2, checkMs: 100 })
  for (const id of ['a', 'b']) await rig.submit(id, { offered: false })
  await rig.until(() => worker.running.size === 2, 'they are found')
  for (const id of ['c', 'd', 'e']) await rig.submit(id)
  await rig.passMs(800)
  expect(worker.most).toBe(2)
  for (const id of ['a', 'b']) await worker.finish(id)
  await rig.until(() => worker.begun.length === 4, 'others have begun')
  for (const id of [...worker.running.keys()]) await worker.finish(id)
  await rig.until(() => worker.begun.length === 5, 'the last one has begun')
  expect(worker.most).toBe(2)
})

test('of what is done, withdrawn, or waits for nobody, BullMQ keeps nothing', async () => {
  const prefix = freshPrefix()
  const rig = await rigOf(prefix)
  await rig.submit('withdrawn')
  await rig.queue.withdraw('withdrawn', 0)
  expect((await keysOf(prefix)).filter((key) => key.startsWith('withdrawn'))).toEqual([])
  const worker = rig.worker({ runsThrough: true })
  for (let index = 0; index < 300; index++) await rig.submit(`d${index}`)
  await rig.until(() => worker.begun.length === 300, 'all are done')
  await until(async () => (await keysOf(prefix)).every((key) => !/^d\d/.test(key)), 'no offer is left')
  expect(await server.command('XLEN', `{${prefix}}:bull:events`)).toBeLessThan(250)
  expect(await server.command('EXISTS', ...['completed', 'failed'].map((list) => `{${prefix}}:bull:${list}`))).toBe(0)
})

test('nothing is written to the console, whatever the server is', async () => {
  await using own = await startRedisServer({ maxMemory: '100mb', maxMemoryPolicy: 'allkeys-lru' })
  const written: unknown[] = []
  const { warn, error } = console
  Object.assign(console, {
    warn: (...words: unknown[]) => written.push(words),
    error: (...words: unknown[]) => written.push(words),
  })
  try {
    const queue = bullmqQueue({ url: own.url, onWarning: () => {} })
    const options = { concurrency: 1, perOwner: 1, leaseMs: 1_000, checkMs: 1_000, onError: () => {} }
    const worker = queue.work({ ...options, run: async () => {} })
    await queue.offer({ id: 'a', attempt: 0, delayMs: 0, priority: 0 })
    await worker.stop()
    await queue.close()
  } finally {
    Object.assign(console, { warn, error })
  }
  expect(written).toEqual([])
})
