import { scopeOf } from '@sluice/jobs'
import type { WebhookEvent } from '@sluice/jobs/webhooks'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { bodyOf } from '../../src/webhooks/outbox/event.ts'
import { ADA, BOB, createWebhooksRig } from './rig/webhooks-rig.ts'

const PUBLIC = { resolve: async () => [{ address: '93.184.216.34', family: 4 as const }] }
const HOOK = 'https://ada.example.com/hook'
const rig = (options: Parameters<typeof createWebhooksRig>[0] = {}) =>
  createWebhooksRig({ addresses: PUBLIC, ...options })
const bodyIn = async (world: ReturnType<typeof rig>, id: string): Promise<Record<string, unknown>> => {
  const { value } = (await world.documents.read({ kind: 'delivery', id }))!
  return JSON.parse((value as { body: string }).body) as Record<string, unknown>
}

describe('an event', () => {
  test('is delivered to the webhooks of its owner that ask for it, and are switched on', async () => {
    await using world = rig()
    const { endpoints } = world.webhooks
    const asking = [await world.hook(HOOK, { events: ['*'] }), await world.hook(HOOK, { events: ['job.*'] })]
    await world.hook(HOOK, { events: ['job.failed', 'batch.*'] })
    const off = await world.hook(HOOK)
    await endpoints.update(off.id, { enabled: false }, { as: ADA })
    await endpoints.create({ url: HOOK, events: ['*'] }, { as: BOB })
    const ids = await world.say({ id: 'evt_7' })
    expect(new Set(ids)).toEqual(new Set(asking.map(({ id }) => `evt_7-${id}`)))
  })

  test('says what it is about in the words of the standard, and of OpenAI', async () => {
    await using world = rig()
    await world.hook(HOOK)
    const [id] = await world.say({ id: 'evt_1', atMs: 1_700_000_000_123, data: { attempt: 2 }, full: { text: 'long' } })
    expect(await bodyIn(world, id!)).toEqual({
      id: 'evt_1',
      object: 'event',
      type: 'job.succeeded',
      created_at: 1_700_000_000,
      timestamp: '2023-11-14T22:13:20.123Z',
      data: { id: 'job-1', sequence: 1, attempt: 2 },
    })
  })

  test('is full where that was asked for, and says so where it is too long', async () => {
    await using world = rig({ limits: { payloadBytes: 1_000 } })
    await world.hook(HOOK, { payload: 'full' })
    const dataOf = async (event: Partial<WebhookEvent>): Promise<unknown> =>
      (await bodyIn(world, (await world.say(event))[0]!)).data
    expect(await dataOf({ full: { text: 'short' } })).toEqual({ id: 'job-1', sequence: 1, text: 'short' })
    expect(await dataOf({ data: { attempt: 2 }, full: { text: 'x'.repeat(1_000) } })).toEqual({
      ...{ id: 'job-1', sequence: 1, attempt: 2 },
      omitted: { bytes: expect.any(Number) as number, limit: 1_000 },
    })
    expect(await dataOf({ data: { text: 'x'.repeat(1_000) } })).toEqual({
      ...{ id: 'job-1', sequence: 1 },
      omitted: { bytes: expect.any(Number) as number, limit: 1_000 },
    })
  })

  test('has a body within its bound, whatever it says, and never another id or sequence', () =>
    check(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (data, full) => {
          const event = { type: 'job.failed', about: 'job-9', sequence: 4, id: 'evt_1', atMs: 0 }
          const body = bodyOf({ ...event, data, full } as Parameters<typeof bodyOf>[0], 'full', 512)
          expect(Buffer.byteLength(body)).toBeLessThanOrEqual(512)
          expect(JSON.parse(body)).toMatchObject({ type: 'job.failed', data: { id: 'job-9', sequence: 4 } })
        },
      ),
    ))

  test.each<[string, object]>([
    ['of a type that is none', { type: 'job.done' }],
    ['about nothing', { about: '' }],
    ['with no sequence', { sequence: undefined }],
    ['with an id that has a dot', { id: 'evt.1' }],
    ['with an unknown name', { extra: 1 }],
  ])('%s is refused', async (_, event) => {
    await using world = rig()
    await expect(world.say(event)).rejects.toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }) as Error)
  })

  test('and what has happened are written together, or neither is', async () => {
    await using world = rig()
    await world.hook(HOOK)
    const event = { type: 'job.succeeded', about: 'job-1', sequence: 2, id: 'evt_1' }
    const end = (after: number) => ({
      kind: 'job',
      id: 'job-1',
      after,
      value: 'over',
      place: { scope: 'a', state: 'over' },
    })
    const outbox = await world.webhooks.outbox(event, scopeOf(ADA))
    expect(await world.documents.write([end(7), ...outbox])).toEqual({ is: 'conflict' })
    expect(await world.documents.read(outbox[0]!)).toBeUndefined()
    expect(await world.documents.write([end(0), ...outbox])).toEqual({ is: 'ok' })
    // Who says it again after a crash writes nothing twice.
    expect(await world.documents.write(await world.webhooks.outbox(event, scopeOf(ADA)))).toEqual({ is: 'conflict' })
  })
})

describe('a backlog', () => {
  test('is bounded; what is more is listed as failed, and that is bounded, too', async () => {
    await using world = rig({ limits: { pending: 3, kept: 2 } })
    const { id } = await world.hook(HOOK)
    for (let said = 0; said < 10; said++) await world.say()
    const states = async (state: 'pending' | 'failed') =>
      (await world.webhooks.deliveries.list(id, { as: ADA, state })).deliveries
    expect(await states('pending')).toHaveLength(3)
    const failed = await states('failed')
    expect(failed).toHaveLength(2)
    for (const delivery of failed)
      expect(delivery).toMatchObject({ reason: 'backlog', error: { code: 'SLUICE_ERR_WEBHOOK' } })
    await expect(world.webhooks.endpoints.test(id, { as: ADA })).rejects.toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_QUEUE_FULL', status: 503 }) as Error,
    )
  })

  test('is gone with its webhook', async () => {
    await using world = rig()
    const { id } = await world.hook(HOOK)
    const ids: string[] = []
    for (let said = 0; said < 250; said++) ids.push(...(await world.say()))
    await world.webhooks.endpoints.remove(id, { as: ADA })
    expect(await world.documents.count('delivery', { state: 'pending' })).toBe(0)
    await expect(world.webhooks.deliveries.get(ids[0]!, { as: ADA })).rejects.toThrow('There is no such delivery')
  })
})
