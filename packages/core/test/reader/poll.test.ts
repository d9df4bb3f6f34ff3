import type { EndEvent } from '@sluice/core'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { chunksOf, createCollectingSink, plainWire, settlesWithin, sluiceErrorOf } from '../rig/core-rig.ts'
import { pollOnce, startPolled } from '../rig/polling.ts'
import { toQuiescence } from '../rig/world.ts'

const CANCEL = { stream: { onDisconnect: 'cancel' } } as const
const CUT = { reason: 'cancelled', cause: 'disconnect' } satisfies Partial<EndEvent>

describe('a poll', () => {
  test('contract 1: is answered at once with what there is, and is over', async () => {
    const { runtime, say, poll, outcomes } = await startPolled()
    say('one ', 'two ')
    await runtime.flush()
    const answered = await poll()
    expect([answered.over, answered.text, answered.sink.closed]).toEqual([true, 'one two ', true])
    expect(outcomes).toEqual(['answered'])
  })

  test('contract 1: waits while there is nothing, and goes with the turn of the first event', async () => {
    const { runtime, say, poll } = await startPolled()
    const waiting = await poll()
    await runtime.advance(29_000)
    expect(waiting.over).toBe(false)
    say('one ', 'two ')
    await runtime.flush()
    expect([waiting.over, waiting.text]).toEqual([true, 'one two '])
  })

  test.each([0, 1, 55_000])('contract 4: waits %d ms in vain, not longer, and is told nothing', async (waitMs) => {
    const { runtime, poll, id } = await startPolled()
    const waiting = await poll(undefined, { waitMs })
    if (waitMs > 0) await runtime.advance(waitMs - 1)
    expect(waiting.over).toBe(waitMs === 0)
    await runtime.advance(1)
    expect([waiting.over, waiting.sink.writes, waiting.cursor]).toEqual([true, [], `${id}.1.0`])
  })

  test('contract 1: the same cursor gives the same again, and its position goes on', async () => {
    const { runtime, say, poll } = await startPolled()
    say('one ')
    await runtime.flush()
    const lost = await poll()
    const again = await poll()
    expect(again.sink.writes).toEqual(lost.sink.writes)
    say('two ')
    await runtime.flush()
    expect((await poll(lost.cursor)).text).toBe('two ')
  })

  test('contract 6: holds no more than one chunk', async () => {
    const { runtime, say, poll } = await startPolled({ reader: { maxChunkBytes: 1_024 } })
    for (let index = 0; index < 64; index++) say('x'.repeat(100))
    await runtime.flush()
    let cursor: string | undefined
    let text = ''
    for (let polls = 0; text.length < 6_400; polls++) {
      const { text: part, cursor: next } = await poll(cursor)
      expect(part.length).toBeLessThanOrEqual(1_024)
      expect(polls).toBeLessThan(10)
      text += part
      cursor = next
    }
  })

  test('contract 3, 8: is told the end while it waits, and keeps nobody’s place afterwards', async () => {
    const { runtime, sluice, id, poll, log } = await startPolled()
    const waiting = await poll()
    await sluice.cancel({ id }, { as: 'server' })
    await runtime.flush()
    const last = chunksOf(waiting.sink).at(-1)?.entries.at(-1)?.event
    expect([waiting.over, last]).toMatchObject([true, { type: 'end', reason: 'cancelled' }])
    expect(log.readers.size).toBe(0)
    expect((await sluice.attach({ cursor: waiting.cursor }, { as: 'server' })).exhausted).toBe(true)
  })

  test('contract 2: is told why it cannot go on', async () => {
    const { runtime, sluice, log, poll } = await startPolled()
    const waiting = await poll()
    log.lose('storage')
    await runtime.flush()
    expect([waiting.over, waiting.code, sluice.stats().delivering]).toEqual([true, 'storage', 0])
    expect(log.readers.size).toBe(0)
  })

  test('contract 1: is given nothing that has no cursor, which would come again, but the end and what goes with it', async () => {
    const { runtime, log, say, finish, poll } = await startPolled()
    say('one ')
    await runtime.flush()
    const first = await poll()
    log.produce(log.epoch, 'stored', { appended: () => {} })
    log.runAhead()
    say('two ')
    const waiting = await poll(first.cursor)
    await runtime.advance(20_000)
    expect(waiting.over).toBe(false)
    log.storedUpTo(2)
    await runtime.flush()
    expect([waiting.over, waiting.text]).toEqual([true, 'two '])
    log.runAhead()
    say('three')
    const last = await poll(waiting.cursor)
    await runtime.advance(10_000)
    expect(last.over).toBe(false)
    finish()
    await runtime.flush()
    expect([last.over, last.text]).toEqual([true, 'three'])
  })

  test.each([-1, 0.5, Number.NaN, 3_600_001])('waits no such time as %s', async (waitMs) => {
    const { poll } = await startPolled()
    const { code, message } = await sluiceErrorOf(() => poll(undefined, { waitMs }))
    expect([code, message]).toEqual(['SLUICE_ERR_OPTION', expect.stringContaining('"waitMs"')])
  })
})

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

describe('a poll of somebody who is known for a while', () => {
  afterEach(() => void vi.restoreAllMocks())

  test('S5: ends with `closed: unauthorized` and its cursor when that is over', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_790_000_000_000)
    const { runtime, sluice, id } = await startPolled()
    const stream = await sluice.attach({ id }, { as: 'server' })
    const known = { owner: 'server', expiresAtMs: Date.now() + 1_500 }
    const other = await sluice.attach({ id: stream.id }, { as: known })
    const sink = createCollectingSink()
    other.deliver(sink, { wire: plainWire, waitMs: 30_000, heartbeatMs: false })
    await runtime.advance(1_499)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(chunksOf(sink)).toMatchObject([{ kind: 'closed', code: 'unauthorized', cursor: `${id}.1.0` }])
  })
})
