import { expect, test } from 'vitest'

import { settlesWithin } from '../rig/core-rig.ts'
import { createTalker, pollOnce, startPolled } from '../rig/polling.ts'
import { createRemoteWorld, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const

test('contract 3: a drain waits for those who poll what is nowhere else, between their polls too', async () => {
  const { runtime, sluice, say, finish, poll } = await startPolled()
  say('half of ')
  await runtime.flush()
  const first = await poll()
  const drained = sluice.drain({ withinMs: 25_000 })
  say('the answer')
  finish()
  expect(await settlesWithin(runtime, 5_000, drained)).toBe(false)
  const last = await poll(first.cursor)
  expect(last.text).toBe('the answer')
  expect(await settlesWithin(runtime, 100, drained)).toBe(true)
})

test('contract 4: and not for those who do not come', async () => {
  const { runtime, sluice, poll, finish } = await startPolled()
  await poll(undefined, { waitMs: 0 })
  await runtime.flush()
  finish()
  const drained = sluice.drain({ withinMs: 25_000 })
  expect(await settlesWithin(runtime, 14_900, drained)).toBe(false)
  expect(await settlesWithin(runtime, 200, drained)).toBe(true)
})

test('contract 3: what still runs at the end of a drain is told to who comes for it', async () => {
  const { runtime, sluice, poll, end } = await startPolled()
  await poll(undefined, { waitMs: 0 })
  await runtime.flush()
  const drained = sluice.drain({ withinMs: 1_000 })
  await runtime.advance(1_000)
  expect(end()).toMatchObject({ reason: 'interrupted', cause: 'drain' })
  expect((await poll()).over).toBe(true)
  expect(await settlesWithin(runtime, 100, drained)).toBe(true)
})

test('contract 2: who waits for what is elsewhere too is told `closed: draining`, at once and later, and its stream lives on', async () => {
  const stream = { onDisconnect: 'cancel' } as const
  const [here, there] = createRemoteWorld({ stream }, 2) as [RemoteProcess, RemoteProcess]
  const talker = createTalker()
  const { id } = await passing(here, here.sluice.start(talker.source, SERVER))
  const waiting = await passing(there, pollOnce(there.sluice, { id }))
  const drained = there.sluice.drain({ withinMs: 5_000 })
  expect([waiting.over, waiting.code]).toEqual([true, 'draining'])
  expect(await settlesWithin(there.runtime, 100, drained)).toBe(true)
  talker.say('one ')
  const elsewhere = await passing(here, pollOnce(here.sluice, { id, cursor: waiting.cursor }))
  expect(elsewhere.text).toBe('one ')
})

test('contract 2: who polls a process that drains is not made to wait there', async () => {
  const [here, there] = createRemoteWorld({}, 2) as [RemoteProcess, RemoteProcess]
  const talker = createTalker()
  const { id } = await passing(here, here.sluice.start(talker.source, SERVER))
  void here.sluice.drain({ withinMs: 5_000 })
  const late = await passing(here, pollOnce(here.sluice, { id }))
  await here.runtime.advance(50)
  expect([late.over, late.code]).toEqual([true, 'draining'])
  talker.say('one ')
  const elsewhere = await passing(there, pollOnce(there.sluice, { id, cursor: late.cursor }))
  expect(elsewhere.text).toBe('one ')
})
