import { scopeOf } from '@sluice/jobs'
import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { type Answer, makeCertificate, startReceiver, status } from './rig/receiver.ts'
import { ADA, BOB, createWebhooksRig } from './rig/webhooks-rig.ts'

const never: Answer = () => {}

/** Ways to be a bad receiver. */
const BAD: Readonly<Record<string, Answer>> = {
  'never answers': never,
  'answers with 500': status(500),
  'asks for a day': status(429, { 'retry-after': '86400' }),
  'sends elsewhere': status(307, { location: 'http://127.0.0.1:1/' }),
  resets: (_response, _got, { socket }) => socket.resetAndDestroy(),
  'never ends its header': (_response, _got, { socket }) => {
    const timer = setInterval(() => socket.write('x'), 5)
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
    socket.once('close', () => clearInterval(timer))
  },
  'never ends its body': (response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 5)
    response.once('close', () => clearInterval(timer))
  },
}

describe.each(Object.entries(BAD))('a receiver that %s', (_, answer) => {
  test('harms nobody else, and has no more than its share on its way', async () => {
    await using bad = await startReceiver(answer)
    await using good = await startReceiver()
    // Whoever does not answer has the whole time: nothing of this test may wait for it.
    const fast = { totalMs: 1_000_000, connectMs: 1_000_000, concurrency: 8, scheduleMs: [0, 10, 10] }
    await using world = createWebhooksRig({ ports: [bad.port, good.port], fast })
    await world.hook(bad.url)
    for (let said = 0; said < 50; said++) await world.say()
    const { id } = await world.webhooks.endpoints.create({ url: good.url, events: ['*'] }, { as: BOB })
    const worker = world.webhooks.work()
    await until(() => bad.got.length >= 4, 'the bad one has its share')
    for (let about = 0; about < 30; about++) {
      const event = { type: 'job.failed', about: `job-${about}`, sequence: 1 }
      await world.documents.write(await world.webhooks.outbox(event, scopeOf(BOB)))
    }
    await until(() => good.got.length === 30, 'the good one has had all')
    expect(bad.mostOpen).toBeLessThanOrEqual(4)
    expect(await world.webhooks.endpoints.get(id, { as: BOB })).toMatchObject({ failures: 0 })
    // Who is cut off is done with.
    await bad.close()
    await worker.stop()
    expect(world.errors).toEqual([])
  })
})

test('a receiver whose certificate nobody trusts is told nothing, and harms nobody else', async () => {
  const certificate = await makeCertificate('DNS:elsewhere.example.com')
  await using bad = await startReceiver(status(204), certificate)
  await using good = await startReceiver()
  await using world = createWebhooksRig({ ports: [bad.port, good.port], fast: { scheduleMs: [0] } })
  const hook = await world.hook(bad.url)
  await world.hook(good.url)
  const worker = world.webhooks.work()
  const ids = await world.say()
  const toBad = ids.find((id) => id.endsWith(hook.id))!
  expect(await world.become(toBad, 'failed')).toMatchObject({ reason: 'tls' })
  await until(() => good.got.length === 1, 'the good one has it')
  await worker.stop()
  expect(bad.got).toEqual([])
})

test('an owner of many slow receivers leaves room for others', async () => {
  await using bad = await startReceiver(never)
  await using good = await startReceiver()
  const fast = { totalMs: 1_000_000, connectMs: 1_000_000, concurrency: 12, perOwner: 8 }
  await using world = createWebhooksRig({ ports: [bad.port, good.port], fast })
  for (let made = 0; made < 10; made++) await world.hook(bad.url)
  for (let said = 0; said < 3; said++) await world.say()
  await world.webhooks.endpoints.create({ url: good.url, events: ['*'] }, { as: BOB })
  const worker = world.webhooks.work()
  await until(() => bad.open === 8, 'the owner has its share')
  const event = { type: 'job.failed', about: 'job-1', sequence: 1 }
  await world.documents.write(await world.webhooks.outbox(event, scopeOf(BOB)))
  await until(() => good.got.length === 1, 'the other owner is served')
  expect(bad.mostOpen).toBe(8)
  await bad.close()
  await worker.stop()
})

test('two workers share what one webhook may have on its way, and send nothing twice', async () => {
  await using receiver = await startReceiver((response) => void setTimeout(() => response.writeHead(204).end(), 2))
  await using world = createWebhooksRig({ ports: [receiver.port], fast: { perEndpoint: 3 } })
  await world.hook(receiver.url)
  const workers = [world.webhooks.work(), world.webhooks.work()]
  const ids: string[] = []
  for (let said = 0; said < 60; said++) ids.push(...(await world.say()))
  for (const id of ids) await world.become(id, 'delivered')
  await Promise.all(workers.map((worker) => worker.stop()))
  expect(receiver.mostOpen).toBeLessThanOrEqual(3)
  expect(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size).toBe(60)
  expect(receiver.got).toHaveLength(60)
})

test('a worker that is stopped begins nothing more, and waits for what is on its way', async () => {
  const waiting: (() => void)[] = []
  await using receiver = await startReceiver((response) => void waiting.push(() => response.writeHead(204).end()))
  await using world = createWebhooksRig({ ports: [receiver.port] })
  await world.hook(receiver.url)
  const worker = world.webhooks.work()
  const ids: string[] = []
  for (let said = 0; said < 6; said++) ids.push(...(await world.say()))
  await until(() => receiver.got.length === 4, 'four are on their way')
  let stopped = false
  const stopping = worker.stop().then(() => (stopped = true))
  await new Promise(setImmediate)
  expect(stopped).toBe(false)
  for (const answer of waiting) answer()
  await stopping
  expect(receiver.got).toHaveLength(4)
  const states = await Promise.all(ids.map(async (id) => (await world.webhooks.deliveries.get(id, { as: ADA })).state))
  expect(states.toSorted()).toEqual([...Array(4).fill('delivered'), ...Array(2).fill('pending')])
})
