import { WEBHOOK_EVENTS, type WebhookOptions } from '@sluice/jobs/webhooks'
import { createVirtualRuntime } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

import { ADA, BOB, createWebhooksRig } from './rig/webhooks-rig.ts'

const URL_OF_ADA = 'https://ada.example.com/hook'
const PUBLIC = { resolve: async () => [{ address: '93.184.216.34', family: 4 as const }] }
const coded = (code: string, more: object = {}): Error => expect.objectContaining({ code, ...more }) as Error

function rig(options: Parameters<typeof createWebhooksRig>[0] = {}) {
  return createWebhooksRig({ addresses: PUBLIC, ...options })
}

describe('a webhook', () => {
  test('is shown with its secret once', async () => {
    await using world = rig()
    const { endpoints } = world.webhooks
    const { secret, ...info } = await world.hook(URL_OF_ADA, { events: ['job.*'], description: 'mine' })
    expect(secret).toMatch(/^whsec_/)
    expect(info).toEqual({
      id: expect.stringMatching(/^wh_[\w-]{22}$/) as string,
      url: URL_OF_ADA,
      events: ['job.*'],
      payload: 'thin',
      description: 'mine',
      state: 'enabled',
      failures: 0,
      createdAtMs: expect.any(Number) as number,
    })
    expect(await endpoints.get(info.id, { as: ADA })).toEqual(info)
    expect(await endpoints.list({ as: ADA })).toEqual({ webhooks: [info], more: false })
    expect(JSON.stringify(await endpoints.update(info.id, { payload: 'full' }, { as: ADA }))).not.toContain('whsec_')
  })

  test('is there for its owner and the application, and for nobody else', async () => {
    await using world = rig()
    const { endpoints } = world.webhooks
    const { id } = await world.hook(URL_OF_ADA)
    const unknown = await endpoints.get('wh_unknown', { as: BOB }).catch((error: unknown) => error)
    const asks = [
      endpoints.get(id, { as: BOB }),
      endpoints.get(id, { as: { owner: 'ada', tenant: 'other' } }),
      endpoints.get('not an id', { as: ADA }),
      endpoints.update(id, { enabled: false }, { as: BOB }),
      endpoints.rotateSecret(id, { as: BOB }),
      endpoints.remove(id, { as: BOB }),
      endpoints.test(id, { as: BOB }),
      world.webhooks.deliveries.list(id, { as: BOB }),
    ]
    for (const ask of asks) await expect(ask).rejects.toEqual(unknown)
    expect(unknown).toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
    expect(await endpoints.list({ as: BOB })).toEqual({ webhooks: [], more: false })
    expect((await endpoints.get(id, { as: 'server' })).id).toBe(id)
  })

  test('needs somebody whose it is', async () => {
    await using world = rig()
    const create = (as: unknown) =>
      world.webhooks.endpoints.create({ url: URL_OF_ADA, events: ['*'] }, { as: as as typeof ADA })
    await expect(create(undefined)).rejects.toThrow(coded('SLUICE_ERR_UNAUTHORIZED'))
    await expect(create({ owner: '' })).rejects.toThrow(coded('SLUICE_ERR_OPTION'))
    await expect(create({ owner: 'ada', expiresAtMs: 1 })).rejects.toThrow(coded('SLUICE_ERR_UNAUTHORIZED'))
  })

  test.each<[string, object]>([
    ['an address inside', { url: 'https://10.0.0.1/' }],
    ['http', { url: 'http://ada.example.com/' }],
    ['no address', { url: undefined }],
  ])('with %s is refused with 422', async (_, options) => {
    await using world = rig()
    await expect(world.hook(URL_OF_ADA, options)).rejects.toThrow(coded('SLUICE_ERR_WEBHOOK_URL', { status: 422 }))
  })

  test('whose name leads inside now is refused with 422, also where it is changed', async () => {
    const leads = { to: '93.184.216.34' }
    await using world = rig({ addresses: { resolve: async () => [{ address: leads.to, family: 4 }] } })
    const { id } = await world.hook(URL_OF_ADA)
    leads.to = '192.168.0.1'
    await expect(world.hook(URL_OF_ADA)).rejects.toThrow(coded('SLUICE_ERR_WEBHOOK_URL'))
    await expect(world.webhooks.endpoints.update(id, { url: 'https://b.example.com/' }, { as: ADA })).rejects.toThrow(
      coded('SLUICE_ERR_WEBHOOK_URL'),
    )
  })

  test('whose name is never found is refused within five seconds', async () => {
    const runtime = createVirtualRuntime()
    await using world = rig({ runtime, addresses: { resolve: () => new Promise(() => {}) } })
    const refused = world.hook(URL_OF_ADA).catch((error: unknown) => error)
    await runtime.advance(5_000)
    expect(await refused).toMatchObject({ code: 'SLUICE_ERR_WEBHOOK_URL' })
  })

  test.each<[string, object]>([
    ['no events', { events: [] }],
    ['events that are no list', { events: '*' }],
    ['an event that is none', { events: ['job.sucheeded'] }],
    ['a beginning of nothing', { events: ['jobs.*'] }],
    ['a beginning without its dot', { events: ['jo*'] }],
    ['something that is no text', { events: [7] }],
    ['too many events', { events: Array.from({ length: 65 }, () => '*') }],
    ['another payload', { payload: 'huge' }],
    ['a description that is too long', { description: 'x'.repeat(501) }],
    ['a name that is none', { secret: 'whsec_mine' }],
  ])('with %s is refused with 400', async (_, options) => {
    await using world = rig()
    await expect(world.hook(URL_OF_ADA, options as Partial<WebhookOptions>)).rejects.toThrow(
      coded('SLUICE_ERR_REQUEST', { status: 400 }),
    )
  })

  test('may ask for events of the application, if these are named', async () => {
    await using world = rig({ eventTypes: ['report.ready'] })
    expect((await world.hook(URL_OF_ADA, { events: ['report.ready', 'report.*'] })).events).toHaveLength(2)
    expect(() => rig({ eventTypes: ['no dots here'] })).toThrow(coded('SLUICE_ERR_OPTION'))
    for (const type of WEBHOOK_EVENTS) expect((await world.hook(URL_OF_ADA, { events: [type] })).events).toEqual([type])
  })

  test('is one of a bounded number of its owner, switched on or off', async () => {
    await using world = rig({ limits: { endpoints: 2 } })
    const { endpoints } = world.webhooks
    const [first] = [await world.hook(URL_OF_ADA), await world.hook(URL_OF_ADA)]
    const full = coded('SLUICE_ERR_QUEUE_FULL', { status: 429 })
    await expect(world.hook(URL_OF_ADA)).rejects.toThrow(full)
    await endpoints.create({ url: URL_OF_ADA, events: ['*'] }, { as: BOB })
    await endpoints.update(first.id, { enabled: false }, { as: ADA })
    const { id } = await world.hook(URL_OF_ADA)
    await expect(endpoints.update(first.id, { enabled: true }, { as: ADA })).rejects.toThrow(full)
    await endpoints.remove(id, { as: ADA })
    expect((await endpoints.update(first.id, { enabled: true }, { as: ADA })).state).toBe('enabled')
  })

  test('that is changed by two at once has both changes', async () => {
    await using world = rig()
    const { endpoints } = world.webhooks
    const { id } = await world.hook(URL_OF_ADA)
    await Promise.all([
      endpoints.update(id, { payload: 'full' }, { as: ADA }),
      endpoints.update(id, { description: 'mine' }, { as: ADA }),
      endpoints.update(id, { events: ['job.failed'] }, { as: ADA }),
    ])
    expect(await endpoints.get(id, { as: ADA })).toMatchObject({
      ...{ payload: 'full', description: 'mine', events: ['job.failed'], url: URL_OF_ADA },
    })
  })

  test('is listed in pages', async () => {
    await using world = rig()
    const ids = new Set<string>()
    for (let made = 0; made < 5; made++) ids.add((await world.hook(URL_OF_ADA)).id)
    const { endpoints } = world.webhooks
    const first = await endpoints.list({ as: ADA, limit: 3 })
    const second = await endpoints.list({ as: ADA, limit: 3, after: first.webhooks.at(-1)!.id })
    expect([first.more, second.more]).toEqual([true, false])
    expect(new Set([...first.webhooks, ...second.webhooks].map(({ id }) => id))).toEqual(ids)
    await expect(endpoints.list({ as: ADA, limit: 101 })).rejects.toThrow(coded('SLUICE_ERR_OPTION'))
  })
})

describe('a new secret', () => {
  test('is shown once, and the old one ends after a time', async () => {
    const runtime = createVirtualRuntime()
    await using world = rig({ runtime })
    const { endpoints } = world.webhooks
    const { id, secret } = await world.hook(URL_OF_ADA)
    const rotated = await endpoints.rotateSecret(id, { as: ADA, overlapMs: 60_000 })
    expect(rotated.secret).not.toBe(secret)
    const { oldSecretUntilMs } = await endpoints.get(id, { as: ADA })
    expect(oldSecretUntilMs).toBe(rotated.oldSecretUntilMs)
    await runtime.advance(59_999)
    expect(await endpoints.get(id, { as: ADA })).toHaveProperty('oldSecretUntilMs')
    await runtime.advance(1)
    expect(await endpoints.get(id, { as: ADA })).not.toHaveProperty('oldSecretUntilMs')
  })

  test('may end the old one at once, and keeps no third', async () => {
    await using world = rig()
    const { endpoints } = world.webhooks
    const { id } = await world.hook(URL_OF_ADA)
    for (let times = 0; times < 5; times++) await endpoints.rotateSecret(id, { as: ADA })
    const stored = (await world.documents.read({ kind: 'webhook', id }))!.value as { secrets: unknown[] }
    expect(stored.secrets).toHaveLength(2)
    expect(await endpoints.rotateSecret(id, { as: ADA, overlapMs: 0 })).not.toHaveProperty('oldSecretUntilMs')
    await expect(endpoints.rotateSecret(id, { as: ADA, overlapMs: -1 })).rejects.toThrow(coded('SLUICE_ERR_OPTION'))
  })
})
