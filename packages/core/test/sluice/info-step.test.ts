import { expect, test, vi } from 'vitest'

import { sluiceErrorOf } from '../rig/core-rig.ts'
import { createTalker, startPolled } from '../rig/polling.ts'
import { createRemoteWorld, logIn, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const

/** What a promise has come to by now. */
function watched<Value>(promise: Promise<Value>): { value: Value | undefined; error: unknown } {
  const seen: { value: Value | undefined; error: unknown } = { value: undefined, error: undefined }
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  )
  return seen
}

test('contract 4: who waits for a step is told of the first one at the end of its turn', async () => {
  const { runtime, sluice, id, say, finish } = await startPolled({ stream: { onDisconnect: 'continue' } })
  const first = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000 }))
  await runtime.advance(50_000)
  expect(first.value).toBeUndefined()
  say('one ', 'two ')
  await runtime.flush()
  expect(first.value).toMatchObject({ status: 'running', cursor: `${id}.1.2` })
  const second = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000 }))
  await runtime.advance(1_000)
  finish()
  await runtime.flush()
  expect(second.value).toMatchObject({ status: 'ended', cursor: `${id}.1.3`, end: { reason: 'stop' } })
  // Nothing more can happen.
  const third = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000 }))
  await runtime.flush()
  expect(third.value).toEqual(second.value)
})

test('contract 4: who waits in vain is told so in time', async () => {
  const { runtime, sluice, id } = await startPolled()
  const waiting = watched(sluice.info({ id }, { ...SERVER, waitMs: 20_000 }))
  await runtime.advance(19_999)
  expect(waiting.value).toBeUndefined()
  await runtime.advance(1)
  expect(waiting.value).toMatchObject({ status: 'waiting', cursor: `${id}.1.0` })
})

test('a step that was missed is told at once to who says what it knows', async () => {
  const { runtime, sluice, id, say } = await startPolled()
  say('one ')
  await runtime.flush()
  const missed = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000, after: `${id}.1.0` }))
  const none = watched(sluice.info({ id }, { ...SERVER, waitMs: 10_000, after: `${id}.1.1` }))
  await runtime.flush()
  expect([missed.value?.cursor, none.value]).toEqual([`${id}.1.1`, undefined])
  for (const after of ['?', `${'0'.repeat(26)}.1.1`]) {
    const { code } = await sluiceErrorOf(() => sluice.info({ id }, { ...SERVER, waitMs: 1, after }))
    expect(code).toBe('SLUICE_ERR_CURSOR_MALFORMED')
  }
})

test('contract 9, 14: who waits does not read, and leaves nothing behind', async () => {
  const { runtime, sluice, id, log, end } = await startPolled({ stream: { unattachedMs: 5_000 } })
  const leaving = new AbortController()
  const watchers = log.watchers.size
  const one = watched(sluice.info({ id }, { ...SERVER, waitMs: 1_000 }))
  const other = watched(sluice.info({ id }, { ...SERVER, waitMs: 4_000, signal: leaving.signal }))
  await runtime.flush()
  expect([log.attended, log.watchers.size]).toEqual([false, watchers + 2])
  leaving.abort()
  await runtime.flush()
  expect([one.value, other.value?.status, log.watchers.size]).toEqual([undefined, 'waiting', watchers + 1])
  await runtime.advance(1_000)
  expect([one.value?.status, log.watchers.size]).toEqual(['waiting', watchers])
  const last = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000 }))
  await runtime.advance(4_000)
  expect([end()?.cause, last.value?.status, log.watchers.size]).toEqual(['disconnect', 'ended', 0])
})

test('contract 12: who is known no more when the wait is over is told nothing', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(1_790_000_000_000)
  const { runtime, sluice, say } = await startPolled()
  const as = { owner: 'ada', expiresAtMs: Date.now() + 1_000 }
  const mine = await sluice.start(createTalker().source, { as })
  const waiting = watched(sluice.info({ id: mine.id }, { as, waitMs: 2_000 }))
  await runtime.advance(1_000)
  vi.spyOn(Date, 'now').mockReturnValue(1_790_000_001_000)
  await runtime.advance(1_000)
  expect(waiting.error).toMatchObject({ code: 'SLUICE_ERR_UNAUTHORIZED' })
  say('anything')
  vi.restoreAllMocks()
})

test('a stream that is erased meanwhile is gone', async () => {
  const { runtime, sluice, id } = await startPolled()
  const waiting = watched(sluice.info({ id }, { ...SERVER, waitMs: 55_000 }))
  await runtime.flush()
  await sluice.erase({ id }, SERVER)
  await runtime.flush()
  expect(waiting.error).toMatchObject({ code: 'SLUICE_ERR_GONE' })
})

test('contract 9: steps are told of in other processes too, where nobody reads', async () => {
  const [here, there] = createRemoteWorld({}, 2) as [RemoteProcess, RemoteProcess]
  const talker = createTalker()
  const { id } = await passing(here, here.sluice.start(talker.source, SERVER))
  const waiting = watched(there.sluice.info({ id }, { ...SERVER, waitMs: 10_000 }))
  await here.runtime.advance(1_000)
  talker.say('one ')
  await here.runtime.advance(100)
  expect(waiting.value).toMatchObject({ cursor: `${id}.1.1` })
  expect(logIn(here, id).attended).toBe(false)
})
