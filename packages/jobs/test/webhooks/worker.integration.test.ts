import { verifyWebhook } from '@sluice/jobs/webhooks'
import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { type Answer, startReceiver, status } from './rig/receiver.ts'
import { ADA, createWebhooksRig } from './rig/webhooks-rig.ts'

/** A day in a few milliseconds. */
const FAST = { scheduleMs: [0, 5, 10, 20], pauseMs: 10, maxPauseMs: 50, totalMs: 2_000, breakAfter: 100 }

const failing = (times: number, by: Answer): Answer => {
  let failed = 0
  return (response, got, request) =>
    failed++ < times ? by(response, got, request) : status(204)(response, got, request)
}

describe('a delivery', () => {
  test('arrives once, signed, and is listed as what it is', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port] })
    const { id: webhook, secret } = await world.hook(receiver.url)
    const worker = world.webhooks.work()
    const [id] = await world.say({ id: 'evt_1', data: { attempt: 1 } })
    const info = await world.become(id!, 'delivered')
    await worker.stop()
    expect(info).toEqual({
      id,
      webhook,
      event: { id: 'evt_1', type: 'job.succeeded' },
      state: 'delivered',
      attempt: 1,
      attempts: 8,
      createdAtMs: expect.any(Number) as number,
      endedAtMs: expect.any(Number) as number,
      last: { status: 204, atMs: expect.any(Number) as number, durationMs: expect.any(Number) as number },
    })
    const [{ body, headers }] = receiver.got as [(typeof receiver.got)[0]]
    expect(receiver.got).toHaveLength(1)
    expect(headers).toMatchObject({ 'webhook-id': 'evt_1', 'content-type': 'application/json' })
    expect(verifyWebhook({ body, headers, secret })).toMatchObject({ id: 'evt_1', data: { id: 'job-1', attempt: 1 } })
    expect(world.errors).toEqual([])
  })

  test('that fails is tried again under its id, each attempt signed anew, until it arrives', async () => {
    await using receiver = await startReceiver(failing(3, status(500)))
    await using world = createWebhooksRig({ ports: [receiver.port], fast: { ...FAST, scheduleMs: [0, 5, 10, 1_000] } })
    const { secret } = await world.hook(receiver.url)
    const worker = world.webhooks.work()
    const [id] = await world.say()
    expect(await world.become(id!, 'delivered')).toMatchObject({ attempt: 4, last: { status: 204 } })
    await worker.stop()
    const told = receiver.got.map(({ body, headers }) => {
      verifyWebhook({ body, headers, secret })
      return { id: headers['webhook-id'], at: headers['webhook-timestamp'], by: headers['webhook-signature'], body }
    })
    expect(new Set(told.map((one) => one.id)).size).toBe(1)
    expect(new Set(told.map((one) => one.body)).size).toBe(1)
    // A second lies between the first and the last.
    expect(Number(told[3]!.at)).toBeGreaterThan(Number(told[0]!.at))
    expect(told[3]!.by).not.toBe(told[0]!.by)
  })

  test('has both signatures while its secret is changed', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port] })
    const { id: webhook, secret: old } = await world.hook(receiver.url)
    const { secret } = await world.webhooks.endpoints.rotateSecret(webhook, { as: ADA })
    const worker = world.webhooks.work()
    await world.become((await world.say())[0]!, 'delivered')
    await world.webhooks.endpoints.rotateSecret(webhook, { as: ADA, overlapMs: 0 })
    await world.become((await world.say())[0]!, 'delivered')
    await worker.stop()
    const [first, second] = receiver.got as [(typeof receiver.got)[0], (typeof receiver.got)[0]]
    for (const known of [old, secret]) verifyWebhook({ ...first, secret: known })
    expect(first.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
    expect(second.headers['webhook-signature']).toMatch(/^v1,\S{44}$/)
    for (const known of [old, secret])
      expect(() => verifyWebhook({ ...second, secret: known })).toThrow('None of its signatures')
  })

  test.each<[string, Answer, object]>([
    ['500', status(500), { status: 500, error: 'status' }],
    ['a redirect', status(302, { location: 'https://example.com/' }), { status: 302, error: 'status' }],
    ['400', status(400), { status: 400, error: 'status' }],
    ['a reset', (_r, _g, { socket }) => socket.resetAndDestroy(), { error: 'answer' }],
    ['nothing', () => {}, { error: 'timeout' }],
  ])(
    'that is answered with %s until the end has failed, and says of the answer the status alone',
    async (_, answer, last) => {
      const told: Answer = (response, got, request) => {
        response.setHeader('x-secret', 'inside')
        response.statusMessage = 'inside'
        answer(response, got, request)
      }
      await using receiver = await startReceiver(told)
      await using world = createWebhooksRig({ ports: [receiver.port], fast: { ...FAST, totalMs: 50 } })
      await world.hook(receiver.url)
      const worker = world.webhooks.work()
      const [id] = await world.say()
      const info = await world.become(id!, 'failed')
      await worker.stop()
      expect(info).toMatchObject({ attempt: 4, last, error: { code: 'SLUICE_ERR_WEBHOOK' } })
      expect(JSON.stringify(info)).not.toContain('inside')
      expect(receiver.got).toHaveLength(4)
    },
  )

  test('can be sent again by hand, under the same id', async () => {
    await using receiver = await startReceiver(status(500))
    await using world = createWebhooksRig({ ports: [receiver.port], fast: FAST })
    await world.hook(receiver.url)
    const worker = world.webhooks.work()
    const [id] = await world.say()
    await world.become(id!, 'failed')
    receiver.answer = status(200)
    expect(await world.webhooks.deliveries.replay(id!, { as: ADA })).toMatchObject({ state: 'pending', attempt: 0 })
    expect(await world.become(id!, 'delivered')).toMatchObject({ attempt: 1 })
    await world.webhooks.deliveries.replay(id!, { as: ADA })
    await until(() => receiver.got.length === 6, 'what has arrived is sent again')
    await worker.stop()
    expect(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  test('that waits for its next attempt can have it at once', async () => {
    await using receiver = await startReceiver(failing(1, status(500)))
    await using world = createWebhooksRig({ ports: [receiver.port], fast: { scheduleMs: [0, 3_600_000] } })
    await world.hook(receiver.url)
    const worker = world.webhooks.work()
    const [id] = await world.say()
    await until(() => receiver.got.length === 1, 'it was sent')
    await until(async () => (await world.webhooks.deliveries.get(id!, { as: ADA })).attempt === 1, 'it is put off')
    await world.webhooks.deliveries.replay(id!, { as: ADA })
    expect(await world.become(id!, 'delivered')).toMatchObject({ attempt: 2 })
    await worker.stop()
  })

  test('of a webhook that is gone goes nowhere, and leaves nothing', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port] })
    const { id: webhook } = await world.hook(receiver.url)
    const writes = await world.webhooks.outbox({ type: 'job.failed', about: 'job-1', sequence: 1 }, '["","ada"]')
    await world.webhooks.endpoints.remove(webhook, { as: ADA })
    await world.documents.write(writes)
    const worker = world.webhooks.work()
    await until(async () => (await world.documents.read(writes[0]!)) === undefined, 'the delivery is gone')
    await worker.stop()
    expect(receiver.connections).toBe(0)
  })

  test('of a webhook that was switched off has failed, and can be sent once it is on', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port] })
    const { id: webhook } = await world.hook(receiver.url)
    const [id] = await world.say()
    await world.webhooks.endpoints.update(webhook, { enabled: false }, { as: ADA })
    const worker = world.webhooks.work()
    expect(await world.become(id!, 'failed')).toMatchObject({ reason: 'disabled', attempt: 0 })
    expect(receiver.connections).toBe(0)
    await world.webhooks.endpoints.update(webhook, { enabled: true }, { as: ADA })
    await world.webhooks.deliveries.replay(id!, { as: ADA })
    await world.become(id!, 'delivered')
    await worker.stop()
  })

  test('to try a webhook goes out whatever it asks for', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port] })
    const { id: webhook } = await world.hook(receiver.url, { events: ['batch.failed'] })
    const worker = world.webhooks.work()
    const { id } = await world.webhooks.endpoints.test(webhook, { as: ADA })
    await world.become(id, 'delivered')
    await worker.stop()
    expect(JSON.parse(receiver.got[0]!.body)).toMatchObject({ type: 'webhook.test', data: { id: webhook } })
  })

  test('is kept up to a bound, and those beyond leave nothing', async () => {
    await using receiver = await startReceiver()
    await using world = createWebhooksRig({ ports: [receiver.port], limits: { kept: 3 } })
    const { id: webhook } = await world.hook(receiver.url)
    const worker = world.webhooks.work()
    for (let said = 0; said < 8; said++) await world.say()
    await until(() => receiver.got.length === 8, 'all have arrived')
    await worker.stop()
    const { deliveries } = await world.webhooks.deliveries.list(webhook, { as: ADA })
    expect(deliveries.length).toBeGreaterThanOrEqual(3)
    // Those that were settled at the same time did not know of each other.
    expect(deliveries.length).toBeLessThanOrEqual(3 + 4)
    for (const { state } of deliveries) expect(state).toBe('delivered')
  })
})

test("410 switches a webhook off at once, and the owner's other webhooks are told", async () => {
  await using gone = await startReceiver(status(410))
  await using other = await startReceiver()
  await using world = createWebhooksRig({ ports: [gone.port, other.port], fast: FAST })
  const { id: webhook } = await world.hook(gone.url, { events: ['job.*', 'webhook.disabled'] })
  await world.hook(other.url, { events: ['webhook.disabled'] })
  const worker = world.webhooks.work()
  const ids = [...(await world.say()), ...(await world.say())]
  await until(() => other.got.length === 1, 'the other one is told')
  for (const id of ids) await world.become(id, 'failed')
  await worker.stop()
  expect(await world.webhooks.endpoints.get(webhook, { as: ADA })).toMatchObject({
    ...{ state: 'disabled', disabled: { reason: 'gone' } },
  })
  expect(JSON.parse(other.got[0]!.body)).toMatchObject({
    ...{ type: 'webhook.disabled', data: { id: webhook, reason: 'gone' } },
  })
  expect(gone.got.length).toBeLessThanOrEqual(2)
  const { deliveries } = await world.webhooks.deliveries.list(webhook, { as: ADA })
  expect(deliveries.map(({ event }) => event.type)).toEqual(['job.succeeded', 'job.succeeded'])
  expect(await world.say()).toEqual([])
})
