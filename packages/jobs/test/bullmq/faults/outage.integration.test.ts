import { until } from '@sluice/testing/patience'
import { type RedisServer, startCluster, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { bullmqQueue, redisDocuments } from '../../../src/bullmq.ts'
import type { DocumentStore, JobQueue, QueueWorker } from '../../../src/index.ts'
import { CLAIM, fill, writeOf } from '../../documents/suite/rig.ts'
import { freshPrefix } from '../rig/documents-driver.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.close())

const A = { kind: 'job', id: 'a' }
const noWarning = (): void => {}

/** Adds to one number, so many at the same time; gives how often one was told that it had. */
async function addAll(store: DocumentStore, adders: number, each: number): Promise<number> {
  let done = 0
  const add = async (): Promise<void> => {
    for (let left = each; left > 0;) {
      const { version, value } = (await store.read(A))!
      const { is } = await store.write([writeOf('a', { after: version, value: Number(value) + 1 })])
      if (is !== 'ok') continue
      left--
      done++
    }
  }
  await Promise.all(Array.from({ length: adders }, add))
  return done
}

test('Redis stands still for some seconds: what was asked is done once it goes on, each once', async () => {
  const store = redisDocuments({ url: server.url, prefix: freshPrefix(), onWarning: noWarning })
  await fill(store, writeOf('a', { value: 0 }))
  const adding = addAll(store, 10, 20)
  await until(async () => Number((await store.read(A))!.value) > 20, 'some are done')
  await server.pause()
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  server.resume()
  expect(await adding).toBe(200)
  expect(await store.read(A)).toMatchObject({ value: 200, version: 201 })
  await store.close()
}, 60_000)

test('its connections are killed again and again: each write is done once', async () => {
  const prefix = freshPrefix()
  const store = redisDocuments({ url: server.url, prefix, onWarning: noWarning })
  await fill(store, writeOf('a', { value: 0 }))
  let isOver = false
  const adding = addAll(store, 8, 50).finally(() => (isOver = true))
  let killed = 0
  while (!isOver) {
    killed += await server.killConnections()
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  expect(await adding).toBe(400)
  expect(await store.read(A)).toMatchObject({ value: 400, version: 401 })
  expect(killed).toBeGreaterThan(3)
  await store.close()
}, 60_000)

test('while Redis is away whoever asks is told so in time, whatever it is, and once it is back all works', async () => {
  await using own = await startRedisServer()
  const warnings: string[] = []
  const settings = { url: own.url, commandMs: 400, onWarning: (message: string) => void warnings.push(message) }
  const queue = bullmqQueue(settings)
  const store = queue.documents
  await fill(store, writeOf('a'))
  const asks = [
    () => store.read(A),
    () => store.write([writeOf('b')]),
    () => store.claim(CLAIM),
    () => store.renew(A, 1, 1_000),
    () => store.list({ kind: 'job', scope: 's', limit: 1 }),
    () => store.count('job', { state: 'queued' }),
    () => store.nextDueInMs('job', ['queued']),
  ]
  const { port } = own
  for (const away of ['paused', 'killed'] as const) {
    if (away === 'paused') await own.pause()
    else await own.kill()
    const beganMs = performance.now()
    const results = await Promise.allSettled(asks.map(async (ask) => ask()))
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SLUICE_ERR_STORE' } })
    // An offer costs time only, and not much.
    await queue.offer({ id: 'a', attempt: 0, delayMs: 0, priority: 0 })
    await queue.withdraw('a', 0)
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    // What it says does not tell where Redis is.
    for (const result of results) expect(String((result as PromiseRejectedResult).reason)).not.toContain(String(port))
    if (away === 'paused') own.resume()
    else await own.restart()
    await until(
      () =>
        Promise.resolve(store.read(A)).then(
          () => true,
          () => false,
        ),
      'it works again',
    )
  }
  expect(warnings.join('\n')).toContain('cannot be reached')
  await queue.close()
})

test('nothing hangs when a worker stops, or a queue closes, while Redis is away', async () => {
  await using own = await startRedisServer()
  const prefix = freshPrefix()
  const queues = [0, 1].map(() => bullmqQueue({ url: own.url, prefix, commandMs: 1_500, onWarning: noWarning }))
  const [queue, other] = queues as [JobQueue, JobQueue]
  let begun = 0
  const finish = Promise.withResolvers<void>()
  const work = (of: JobQueue): QueueWorker =>
    of.work({
      ...{ concurrency: 2, perOwner: 4, leaseMs: 1_000, checkMs: 300, onError: noWarning },
      async run({ lost }) {
        begun++
        lost.addEventListener('abort', () => finish.resolve())
        await finish.promise
      },
    })
  const worker = work(queue)
  work(other)
  for (const id of ['a', 'b', 'c', 'd']) {
    await queue.documents.write([writeOf(id)])
    await queue.offer({ id, attempt: 0, delayMs: 0, priority: 0 })
  }
  await until(() => begun === 4, 'all run')
  await own.pause()
  const beganMs = performance.now()
  await Promise.all([worker.stop(), other.close()])
  await queue.close()
  expect(performance.now() - beganMs).toBeLessThan(15_000)
  own.resume()
})

test('a Redis that may evict is told of, once', async () => {
  await using own = await startRedisServer({ maxMemory: '100mb', maxMemoryPolicy: 'allkeys-lru' })
  const warnings: string[] = []
  const queue = bullmqQueue({ url: own.url, onWarning: (message) => void warnings.push(message) })
  await queue.documents.read(A)
  await until(() => warnings.length > 0, 'it is told')
  await queue.close()
  expect(warnings).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')])
})

test('while a cluster moves the slot, what is asked waits, and all is right afterwards', async () => {
  await using cluster = await startCluster()
  const prefix = freshPrefix()
  const url = `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`
  const store = redisDocuments({ url, prefix, commandMs: 20_000, onWarning: noWarning })
  await fill(store, writeOf('a', { value: 0 }), ...Array.from({ length: 150 }, (_, index) => writeOf(`d${index}`)))
  const slot = cluster.slotOf(`{${prefix}}:f`)
  const owner = await cluster.ownerOf(slot)
  const target = cluster.nodes.find((node) => node !== owner)!
  const adding = addAll(store, 4, 25)
  await cluster.moveSlot(slot, target, () => new Promise((resolve) => setTimeout(resolve, 500)))
  expect(await adding).toBe(100)
  expect(await store.read(A)).toMatchObject({ value: 100, version: 101 })
  expect(await store.count('job', { state: 'queued' })).toBe(151)
  expect(await store.claim({ ...CLAIM, limit: 1_000 })).toHaveLength(151)
  expect(await store.nextDueInMs('job', ['queued'])).toBeUndefined()
  await store.close()
}, 60_000)

test('Redis is full: nothing new is taken, and what is there goes on and ends', async () => {
  await using own = await startRedisServer({ maxMemory: '8mb' })
  const warnings: string[] = []
  const store = redisDocuments({ url: own.url, onWarning: (message) => void warnings.push(message) })
  await fill(store, writeOf('a', { priority: 1 }))
  const value = 'x'.repeat(200_000)
  const full = async (): Promise<unknown> => {
    for (let index = 0; ; index++) {
      try {
        await store.write([writeOf(`d${index}`, { value })])
      } catch (error) {
        return error
      }
    }
  }
  expect(await full()).toMatchObject({ code: 'SLUICE_ERR_OVERLOADED', retryAfterMs: 1_000 })
  expect(await store.claim({ ...CLAIM, limit: 1 })).toMatchObject([A])
  expect(await store.renew(A, 1, 1_000)).toBe(true)
  const word = writeOf('word', { kind: 'delivery' })
  expect(await store.write([writeOf('a', { after: 1, state: 'ended' }), word])).toEqual({ is: 'ok' })
  expect(
    await store.write([
      { kind: 'job', id: 'd0', after: 1 },
      { kind: 'job', id: 'd1', after: 1 },
    ]),
  ).toEqual({ is: 'ok' })
  await fill(store, writeOf('new'))
  expect(warnings.join()).toContain('OOM')
  await store.close()
})
