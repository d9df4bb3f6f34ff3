import type { DocumentStore } from '@sluice/jobs'
import { createWebhooks } from '@sluice/jobs/webhooks'
import { check, createVirtualRuntime } from '@sluice/testing'
import { until } from '@sluice/testing/patience'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { startReceiver, status } from './rig/receiver.ts'
import { ADA, createWebhooksRig } from './rig/webhooks-rig.ts'

/** Documents as a process has them that is gone after so many calls: from then on it neither asks nor is told anything. */
function mortal(documents: DocumentStore, calls: number): { readonly documents: DocumentStore; isDead(): boolean } {
  let left = calls
  const gone = new Promise<never>(() => {})
  const named = ['read', 'write', 'list', 'count', 'claim', 'nextDueInMs'] as const
  const asked = Object.fromEntries(
    named.map((name) => [
      name,
      async (...all: never[]): Promise<unknown> => {
        if (left-- <= 0) return gone
        const answer = await (documents[name] as (...given: never[]) => unknown)(...all)
        // It may die once the store has done what it was asked.
        return left <= 0 ? gone : answer
      },
    ]),
  )
  const proxy = new Proxy(documents, {
    get(target, name) {
      const value: unknown = asked[name as string] ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { documents: proxy, isDead: () => left <= 0 }
}

const EVENTS = 5
const ADDRESSES = { dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true }

describe('a worker that dies', () => {
  test('at whatever moment has lost nothing: another one delivers all, and twice only what was on its way', () =>
    check(
      fc.asyncProperty(fc.nat({ max: 60 }), fc.nat({ max: 2 }), async (calls, failures) => {
        let failed = 0
        await using receiver = await startReceiver((...all) => status(failed++ < failures ? 500 : 204)(...all))
        const runtime = createVirtualRuntime()
        await using world = createWebhooksRig({ runtime, ports: [receiver.port] })
        await world.hook(receiver.url)
        const ids: string[] = []
        for (let said = 0; said < EVENTS; said++) ids.push(...(await world.say({ sequence: said })))
        const dying = mortal(world.documents, calls)
        const first = createWebhooks({
          documents: dying.documents,
          runtime,
          addresses: { ...ADDRESSES, ports: [receiver.port] },
        })
        first.work()
        const isOver = async (): Promise<boolean> =>
          (await world.documents.count('delivery', { state: 'delivered' })) === EVENTS
        await until(async () => {
          await runtime.flush()
          await runtime.advance(1_000)
          return dying.isDead() || (await isOver())
        })
        const second = world.webhooks.work()
        await until(async () => {
          await runtime.advance(1_000)
          return isOver()
        })
        await second.stop()
        const had = receiver.got.map(({ headers }) => headers['webhook-id'])
        expect(new Set(had).size).toBe(EVENTS)
        expect(had.length).toBeLessThanOrEqual(EVENTS + failures + 4)
        for (const id of ids)
          expect(await world.webhooks.deliveries.get(id, { as: ADA })).toMatchObject({ state: 'delivered' })
      }),
      { numRuns: 40 },
    ))

  test('is taken for an attempt: one that kills its worker each time fails in the end', async () => {
    const runtime = createVirtualRuntime()
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ runtime, ports: [receiver.port], delivery: { scheduleMs: [0, 1, 1] } })
    await world.hook(receiver.url)
    const [id] = await world.say()
    const claim = { kind: 'delivery', from: ['pending', 'sending'], to: 'sending', leaseMs: 30_000, limit: 1 }
    for (let died = 0; died < 3; died++) {
      expect(await world.documents.claim(claim)).toHaveLength(1)
      await runtime.advance(30_000)
    }
    const worker = world.webhooks.work()
    await until(async () => {
      await runtime.flush()
      return (await world.webhooks.deliveries.get(id!, { as: ADA })).state === 'failed'
    })
    await worker.stop()
    expect(await world.webhooks.deliveries.get(id!, { as: ADA })).toMatchObject({ reason: 'lost', attempt: 3 })
    expect(receiver.connections).toBe(0)
  })

  test('only to all others, and comes back with a success, has delivered it', async () => {
    const runtime = createVirtualRuntime()
    const waiting: (() => void)[] = []
    await using receiver = await startReceiver((response) => void waiting.push(() => response.writeHead(204).end()))
    await using world = createWebhooksRig({
      runtime,
      ports: [receiver.port],
      delivery: { totalMs: 1_000_000_000, connectMs: 1_000_000_000 },
    })
    await world.hook(receiver.url)
    const [id] = await world.say()
    const slow = world.webhooks.work()
    await until(() => runtime.flush().then(() => waiting.length === 1))
    // Somebody else has it, fails and puts it off: what the slow one says comes later.
    const name = { kind: 'delivery', id: id! }
    const { version, value, state, scope } = (await world.documents.read(name))!
    const record = value as { state: object }
    const failedElsewhere = { ...record, state: { ...record.state, attempt: 2, lease: 2, nextAtMs: 1 } }
    await world.documents.write([
      { ...name, after: version, value: failedElsewhere, place: { scope, state }, dueInMs: 900_000 },
    ])
    waiting[0]!()
    await until(async () => {
      await runtime.flush()
      return (await world.webhooks.deliveries.get(id!, { as: ADA })).state === 'delivered'
    })
    await slow.stop()
    expect(receiver.got).toHaveLength(1)
  })
})
