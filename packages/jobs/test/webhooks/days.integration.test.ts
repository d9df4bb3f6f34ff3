import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { type Receiver, startReceiver, status } from './rig/receiver.ts'
import { ADA, createWebhooksRig, type WebhooksRig, type WebhooksRigOptions } from './rig/webhooks-rig.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Days pass as fast as they are counted; what is sent is sent on real sockets. */
interface Days extends AsyncDisposable {
  readonly world: WebhooksRig
  readonly receiver: Receiver
  readonly runtime: VirtualRuntime
  /** When each request came. */
  readonly cameAtMs: number[]
  /** Lets time pass, and all that it brings come to its end. */
  pass(ms: number, stepMs?: number): Promise<void>
}

async function days(answer: () => number, options: WebhooksRigOptions = {}): Promise<Days> {
  const runtime = createVirtualRuntime()
  const cameAtMs: number[] = []
  const receiver = await startReceiver((...all) => {
    cameAtMs.push(runtime.now())
    status(answer())(...all)
  })
  const world = createWebhooksRig({ runtime, ports: [receiver.port], ...options })
  const worker = world.webhooks.work()
  const settled = async (): Promise<boolean> => {
    await runtime.flush()
    return (await world.documents.count('delivery', { state: 'sending' })) === 0
  }
  return {
    ...{ world, receiver, runtime, cameAtMs },
    async pass(ms, stepMs = ms / 100) {
      for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
        await runtime.advance(Math.min(leftMs, stepMs))
        await until(settled, 'nothing is on its way')
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await world[Symbol.asyncDispose]()
      await receiver.close()
      expect(world.errors).toEqual([])
      expect(runtime.pendingTimers).toBe(0)
    },
  }
}

test('a delivery is tried for about a day, each time after its delay and at most a fifth more', async () => {
  await using day = await days(() => 500, { delivery: { breakAfter: 100 } })
  await day.world.hook(day.receiver.url)
  const [id] = await day.world.say()
  await day.pass(MINUTE, SECOND)
  await day.pass(HOUR, 10 * SECOND)
  await day.pass(40 * HOUR, 5 * MINUTE)
  const plan = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
  const waits = day.cameAtMs.slice(1).map((atMs, index) => atMs - day.cameAtMs[index]!)
  expect(waits).toHaveLength(plan.length)
  for (const [index, waitMs] of waits.entries()) {
    expect(waitMs).toBeGreaterThanOrEqual(plan[index]!)
    // What is on its way is waited for between two steps of time.
    expect(waitMs).toBeLessThanOrEqual(1.2 * plan[index]! + 10 * SECOND)
  }
  expect(await day.world.webhooks.deliveries.get(id!, { as: ADA })).toMatchObject({ state: 'failed', reason: 'status' })
})

test('what is over is listed for a week', async () => {
  await using day = await days(() => 204)
  await day.world.hook(day.receiver.url)
  const [id] = await day.world.say()
  await day.pass(SECOND)
  await day.pass(7 * DAY - 2 * SECOND)
  expect(await day.world.webhooks.deliveries.get(id!, { as: ADA })).toMatchObject({ state: 'delivered' })
  await day.pass(2 * SECOND)
  await expect(day.world.webhooks.deliveries.get(id!, { as: ADA })).rejects.toThrow('There is no such delivery')
})

describe('a receiver that fails for days', () => {
  test('is switched off after five of them, and its owner is told', async () => {
    await using day = await days(() => 500)
    const { id } = await day.world.hook(day.receiver.url, { events: ['job.*'] })
    const told = await day.world.hook(day.receiver.url, { events: ['webhook.disabled'] })
    const state = async (): Promise<string> => (await day.world.webhooks.endpoints.get(id, { as: ADA })).state
    for (let hours = 0; hours < 5 * 24; hours += 4) {
      expect([hours, await state()]).toEqual([hours, 'enabled'])
      await day.world.say()
      await day.pass(4 * HOUR, 10 * MINUTE)
    }
    await day.pass(2 * HOUR, 10 * MINUTE)
    expect(await day.world.webhooks.endpoints.get(id, { as: ADA })).toMatchObject({
      ...{ state: 'disabled', disabled: { reason: 'failing' } },
    })
    const { deliveries } = await day.world.webhooks.deliveries.list(told.id, { as: ADA })
    expect(deliveries.map(({ event }) => event.type)).toEqual(['webhook.disabled'])
  })

  test('stays on when it answers once in between', async () => {
    let answers = 0
    await using day = await days(() => (++answers % 10 === 0 ? 204 : 500))
    const { id } = await day.world.hook(day.receiver.url)
    for (let hours = 0; hours < 6 * 24; hours += 4) {
      await day.world.say()
      await day.pass(4 * HOUR, 10 * MINUTE)
    }
    expect((await day.world.webhooks.endpoints.get(id, { as: ADA })).state).toBe('enabled')
    expect(answers).toBeGreaterThan(20)
  })

  test('is left alone more and more, one attempt at a time, and gets everything once it is back', async () => {
    let code = 500
    await using day = await days(() => code, { delivery: { breakAfter: 3, scheduleMs: [0, 1, 1, 1, 1, 1] } })
    await day.world.hook(day.receiver.url)
    const ids: string[] = []
    for (let said = 0; said < 20; said++) ids.push(...(await day.world.say()))
    await day.pass(SECOND)
    // Those that were on their way together when the breaker opened, and no more.
    const together = day.receiver.got.length
    expect(together).toBeLessThanOrEqual(3 + 3)
    await day.pass(29 * SECOND, SECOND)
    expect(day.receiver.got).toHaveLength(together)
    await day.pass(10 * MINUTE, SECOND)
    const probes = day.cameAtMs.slice(together)
    // After 30 s, 1 min, 2 min, 4 min: the fifth would come later.
    expect(probes.length).toBeGreaterThanOrEqual(3)
    expect(probes.length).toBeLessThanOrEqual(4)
    expect(day.receiver.mostOpen).toBeLessThanOrEqual(4)
    code = 204
    await day.pass(2 * HOUR, 5 * SECOND)
    for (const id of ids)
      expect(await day.world.webhooks.deliveries.get(id, { as: ADA })).toMatchObject({ state: 'delivered' })
  })
})
