import { createMemoryStore, type Store } from '@sluice/core'
import { expect, test } from 'vitest'

import { connect, hear, kinds, open, saying, sayingForEver, startRig } from '../rig/rig.ts'

test('contract 3: a server that drains lets streams run, then ends them interrupted, and calls UNAVAILABLE', async () => {
  await using rig = await startRig(sayingForEver('x'))
  using client = connect(rig)
  const call = open(client, 'Start', {})
  const heard = hear(call)
  await new Promise((resolve) => call.once('data', resolve))
  const drained = rig.server.drain({ withinMs: 200 })
  const refused = await hear(open(client, 'Start', {}))
  expect(refused.status).toMatchObject({ code: 14 })
  expect(refused.status.metadata.get('sluice-code')).toEqual(['SLUICE_ERR_DRAINING'])
  const { events, status } = await heard
  expect(events.at(-1)).toMatchObject({ end: { reason: 'interrupted', cause: 'drain', complete: false } })
  expect(status.code).toBe(14)
  await drained
})

test('readers that can go on elsewhere are told `closed: draining` with a cursor, then UNAVAILABLE', async () => {
  // As a store is whose streams other processes have too.
  const store = (): Store => Object.assign(createMemoryStore(), { shared: true })
  await using rig = await startRig(sayingForEver('x'), { sluice: { store: store() } })
  using client = connect(rig)
  const call = open(client, 'Start', {})
  const heard = hear(call)
  await new Promise((resolve) => call.once('data', resolve))
  const drained = rig.server.drain({ withinMs: 200 })
  const { events, status, cursor } = await heard
  expect(kinds(events).at(-1)).toBe('closed')
  expect(events.at(-1)).toMatchObject({ closed: { code: 'draining', cursor } })
  expect(status).toMatchObject({ code: 14 })
  expect(status.metadata.get('sluice-cursor')).toEqual([cursor])
  await drained
})

test('contract 14: a server that closes at once ends its calls UNAVAILABLE and leaves the sluice running', async () => {
  await using rig = await startRig(sayingForEver('x'))
  using client = connect(rig)
  const started = hear(open(client, 'Start', { key: 'one' }))
  await expect.poll(() => rig.sluice.stats().delivering).toBe(1)
  const attached = hear(open(client, 'Attach', { ref: { key: 'one' } }))
  await expect.poll(() => rig.sluice.stats().delivering).toBe(2)
  await rig.server.close()
  for (const { status } of await Promise.all([started, attached])) expect(status.code).toBe(14)
  expect(rig.sluice.stats().delivering).toBe(0)
  const stream = await rig.sluice.start(saying('still here'), { as: 'server' })
  expect(await stream.text()).toBe('still here')
})
