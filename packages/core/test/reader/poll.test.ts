import { afterEach, describe, expect, test, vi } from 'vitest'

import { chunksOf, createCollectingSink, plainWire, sluiceErrorOf } from '../rig/core-rig.ts'
import { startPolled } from '../rig/polling.ts'

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

describe('a poll of somebody who is known for a while', () => {
  afterEach(() => void vi.restoreAllMocks())

  test('S5: ends with `closed: unauthorized` and its cursor when that is over', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_790_000_000_000)
    const { runtime, sluice, id } = await startPolled({ authorize: () => true })
    const known = { owner: 'ada', expiresAtMs: Date.now() + 1_500 }
    const other = await sluice.attach({ id }, { as: known })
    const sink = createCollectingSink()
    other.deliver(sink, { wire: plainWire, waitMs: 30_000, heartbeatMs: false })
    await runtime.advance(1_499)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(chunksOf(sink)).toMatchObject([{ kind: 'closed', code: 'unauthorized', cursor: `${id}.1.0` }])
  })
})
