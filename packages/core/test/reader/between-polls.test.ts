import type { EndEvent } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { createCollectingSink, plainWire, settlesWithin, sluiceErrorOf } from '../rig/core-rig.ts'
import { pollOnce, startPolled } from '../rig/polling.ts'
import { toQuiescence } from '../rig/world.ts'

const CANCEL = { stream: { onDisconnect: 'cancel' } } as const
const CUT = { reason: 'cancelled', cause: 'disconnect' } satisfies Partial<EndEvent>

describe('a reader between polls', () => {
  test('contract 9: counts as reading for 15 s after its last answer, under `cancel` too', async () => {
    const { runtime, say, poll, end, log } = await startPolled(CANCEL)
    say('one ')
    await runtime.flush()
    let { cursor } = await poll()
    for (let polls = 0; polls < 3; polls++) {
      await runtime.advance(14_999)
      expect([end(), log.attended]).toEqual([undefined, true])
      cursor = (await poll(cursor, { waitMs: 0 })).cursor
      await runtime.flush()
    }
    await runtime.advance(14_999)
    expect(end()).toBeUndefined()
    await runtime.advance(1)
    expect(end()).toMatchObject(CUT)
  })

  test('counts for as long as the nearest `betweenPollsMs` says', async () => {
    const { runtime, poll, end } = await startPolled({ ...CANCEL, reader: { betweenPollsMs: 100 } })
    await poll(undefined, { waitMs: 0, betweenPollsMs: 400 })
    await runtime.advance(399)
    expect(end()).toBeUndefined()
    await runtime.advance(1)
    expect(end()).toMatchObject(CUT)
  })

  test.each([
    [1_000, 15_000],
    [40_000, 40_000],
  ])(
    'contract 9: a grace of %d ms counts from the answer too: the stream ends %d ms after it',
    async (graceMs, endMs) => {
      const { runtime, poll, end } = await startPolled({ stream: { onDisconnect: { graceMs } } })
      await poll(undefined, { waitMs: 1_000 })
      await runtime.advance(1_000 + endMs - 1)
      expect(end()).toBeUndefined()
      await runtime.advance(1)
      expect(end()).toMatchObject(CUT)
    },
  )

  test('contract 9: a first poll that breaks off leaves like any reader', async () => {
    const { runtime, poll, end } = await startPolled(CANCEL)
    const waiting = await poll()
    await runtime.advance(1_000)
    waiting.leave()
    await runtime.flush()
    expect(end()).toMatchObject(CUT)
  })

  test('contract 9: a later one that breaks off leaves what its last answer had left', async () => {
    const { runtime, poll, end } = await startPolled(CANCEL)
    const { cursor } = await poll(undefined, { waitMs: 0 })
    await runtime.advance(5_000)
    const waiting = await poll(cursor)
    await runtime.advance(5_000)
    waiting.leave()
    await runtime.advance(4_999)
    expect(end()).toBeUndefined()
    await runtime.advance(1)
    expect(end()).toMatchObject(CUT)
  })

  test('contract 7: holds the source back as one that reads, until it polls again', async () => {
    const { runtime, say, given, poll } = await startPolled({ stream: { windowBytes: 4_096 } })
    for (let index = 0; index < 1_000; index++) say('x'.repeat(64))
    let { cursor } = await poll()
    await runtime.advance(14_000)
    const held = given()
    expect(held).toBeLessThan(80)
    ;({ cursor } = await poll(cursor))
    await runtime.advance(14_000)
    expect(given() - held).toBeGreaterThan(30)
    expect(given() - held).toBeLessThan(200)
    await poll(cursor)
  })

  test('contract 7: has the credit of its name, and so have two of its polls at once', async () => {
    const { runtime, sluice, id, say, poll } = await startPolled()
    const named = { name: 'phone', waitMs: 10_000 }
    const first = await poll(undefined, named)
    await sluice.ack({ id }, { as: 'server', reader: 'phone', credit: 2 })
    say('one ', 'two ', 'three ', 'four ')
    await runtime.flush()
    expect(first.text).toBe('one two ')
    const both = [await poll(first.cursor, named), await poll(first.cursor, named)]
    // Longer than the first one's place is kept for it.
    await runtime.advance(9_000)
    expect(both.map(({ over }) => over)).toEqual([false, false])
    const granted = await sluice.ack({ cursor: first.cursor }, { as: 'server', reader: 'phone', credit: 1 })
    expect(granted.readers).toBeGreaterThanOrEqual(2)
    await runtime.flush()
    expect(both.map(({ text }) => text)).toEqual(['three ', 'three '])
    const between = await sluice.ack({ cursor: both[0]!.cursor }, { as: 'server', reader: 'phone', credit: 0 })
    expect(between).toEqual({ readers: 1 })
    const late = await poll(both[0]!.cursor, { ...named, waitMs: 20_000 })
    await runtime.advance(19_000)
    expect([late.over, (await poll(both[0]!.cursor, { ...named, waitMs: 0 })).sink.writes]).toEqual([false, []])
    late.leave()
  })

  test('contract 6: is remembered once, however often it polls, and needs no place of its own', async () => {
    const { runtime, sluice, id, say, poll, log } = await startPolled({ limits: { readersPerStream: 3 } })
    say('one ')
    await runtime.flush()
    // Whose answer is lost each time, at first.
    for (let polls = 0; polls < 50; polls++) await poll()
    expect(log.readers.size).toBe(1)
    let { cursor } = await poll()
    for (let polls = 0; polls < 50; polls++) {
      cursor = (await poll(cursor, { waitMs: 0 })).cursor
      await runtime.flush()
    }
    expect(log.readers.size).toBe(1)
    for (let polls = 0; polls < 50; polls++) await poll(undefined, { waitMs: 0, name: `client ${polls}` })
    expect(log.readers.size).toBe(3)
    for (let readers = 0; readers < 3; readers++) await pollOnce(sluice, { id, cursor })
    expect((await sluiceErrorOf(() => sluice.attach({ id }, { as: 'server' }))).code).toBe('SLUICE_ERR_OVERLOADED')
  })

  test('contract 7: two that poll in turn are two: the one behind does not move the one ahead', async () => {
    const { runtime, say, poll, log } = await startPolled({ reader: { maxChunkBytes: 256 } })
    for (let index = 0; index < 100; index++) say('x'.repeat(64))
    await runtime.flush()
    let ahead: string | undefined
    for (let polls = 0; polls < 10; polls++) ahead = (await poll(ahead)).cursor
    const behind = (await poll()).cursor
    const furthest = log.furthestBytes
    expect(log.readers.size).toBe(2)
    await poll(behind)
    expect([log.readers.size, log.furthestBytes]).toEqual([2, furthest])
  })

  test('contract 14: of all that polled nothing is left', async () => {
    const { runtime, sluice, say, finish, poll, log } = await startPolled()
    say('one ')
    await runtime.flush()
    const { cursor } = await poll(undefined, { name: 'a' })
    ;(await poll(cursor)).leave()
    await poll(cursor, { name: 'b', waitMs: 7 })
    finish()
    await toQuiescence(runtime)
    expect([sluice.stats().pending, sluice.stats().delivering, log.readers.size, log.watchers.size]).toEqual([
      0, 0, 0, 0,
    ])
    expect([runtime.pendingTimers, runtime.pendingDeferred]).toEqual([0, 0])
  })

  test('contract 9: one that was only promised an answer is waited for as long', async () => {
    const { runtime, sluice, id, end } = await startPolled(CANCEL)
    const promised = await sluice.attach({ id }, { as: 'server' })
    const reading = promised.result()
    await runtime.advance(1_000)
    promised.expectBack()
    expect(await settlesWithin(runtime, 0, reading)).toBe(true)
    await runtime.advance(10_000)
    // Only the last word counts.
    promised.expectBack()
    await runtime.advance(14_999)
    expect(end()).toBeUndefined()
    await runtime.advance(1)
    expect(end()).toMatchObject(CUT)
  })

  test('contract 9: what is delivered to a client that is there leaves with it', async () => {
    const { runtime, sluice, id, end } = await startPolled(CANCEL)
    const delivered = await sluice.attach({ id }, { as: 'server' })
    delivered.deliver(createCollectingSink(), { wire: plainWire, heartbeatMs: false })
    delivered.expectBack()
    await runtime.flush()
    expect(end()).toMatchObject(CUT)
  })
})
