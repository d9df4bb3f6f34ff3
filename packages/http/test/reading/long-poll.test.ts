import { getEventListeners } from 'node:events'

import { describe, expect, test } from 'vitest'

import { arrangePolled, isSettled, lineTextOf, poll } from '../rig/lines.ts'
import { CHAT } from '../rig/rig.ts'

describe('GET /streams/{id} with Accept: application/x-ndjson', () => {
  test('contract 1: gives what there is at once, a line of JSON for each event, and where to go on', async () => {
    const world = await arrangePolled()
    const { id, script, runtime } = world
    for (const item of [
      'Hel',
      'lo',
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'b', choice: 1 },
    ] as const)
      script.give(item)
    await runtime.flush()
    const response = await world.ask('GET', `/streams/${id}`, { headers: { accept: 'application/x-ndjson' } })
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'Prefer, Accept, Authorization, Cookie, Last-Event-ID',
      'sluice-stream-id': id,
      'sluice-cursor': `${id}.1.4`,
      'content-location': `/v1/streams/${id}`,
    })
    expect(await response.text()).toBe(
      [
        `{"type":"text","cursor":"${id}.1.2","text":"Hello"}`,
        `{"type":"reasoning","cursor":"${id}.1.3","text":"hm"}`,
        `{"type":"text","cursor":"${id}.1.4","text":"b","choice":1}`,
        '',
      ].join('\n'),
    )
  })

  test('contract 4: waits as long as it is asked to, and then says only where to go on', async () => {
    const world = await arrangePolled()
    const { id, runtime } = world
    const waiting = poll(world, id, { wait: 20 })
    await runtime.advance(19_999)
    expect(await isSettled(world, waiting)).toBe(false)
    await runtime.advance(1)
    expect(await waiting).toMatchObject({ status: 200, lines: [], cursor: `${id}.1.0` })
    const asBrowsersDo = poll(world, id, { query: '?wait=20' })
    await runtime.advance(19_999)
    expect(await isSettled(world, asBrowsersDo)).toBe(false)
    await runtime.advance(1)
    expect((await asBrowsersDo).lines).toEqual([])
  })

  test('contract 4: never waits longer than 55 s', async () => {
    const world = await arrangePolled()
    const waiting = poll(world, world.id, { wait: 1_000_000 })
    await world.runtime.advance(54_999)
    expect(await isSettled(world, waiting)).toBe(false)
    await world.runtime.advance(1)
    expect(await isSettled(world, waiting)).toBe(true)
  })

  test('contract 1: goes with the first event that comes, and the next poll with the next', async () => {
    const world = await arrangePolled()
    const { id, runtime, script } = world
    const first = poll(world, id, { wait: 50 })
    await runtime.advance(40_000)
    script.give('one ')
    script.give('two ')
    await runtime.flush()
    const { cursor, lines } = await first
    expect([cursor, lineTextOf({ lines })]).toEqual([`${id}.1.2`, 'one two '])
    const second = poll(world, cursor!, { wait: 50 })
    script.give('three')
    await runtime.flush()
    expect(lineTextOf(await second)).toBe('three')
  })

  test('contract 3: the last line is the end; after it there is nothing, and that is said at once', async () => {
    const world = await arrangePolled()
    const { id, runtime, script } = world
    script.give('Hello')
    script.finish()
    await runtime.flush()
    const { lines, cursor } = await poll(world, id, { wait: 50 })
    expect(lines.map(({ type }) => type)).toEqual(['text', 'end'])
    expect(lines.at(-1)).toMatchObject({ type: 'end', reason: 'stop', cursor: `${id}.1.2` })
    const over = await poll(world, cursor!, { wait: 50 })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
  })

  test.each([
    ['Last-Event-ID', (cursor: string) => ({ headers: { 'last-event-id': cursor } })],
    ['?after=', (cursor: string) => ({ query: `?after=${cursor}` })],
  ])('contract 1: goes on after %s', async (_, asked) => {
    const world = await arrangePolled()
    for (const word of ['one ', 'two ']) world.script.give(word)
    await world.runtime.flush()
    expect(lineTextOf(await poll(world, world.id, asked(`${world.id}.1.1`)))).toBe('two ')
    const none = await poll(world, world.id, { query: '?after=now' })
    expect([none.lines, none.cursor]).toEqual([[], `${world.id}.1.2`])
  })

  test('contract 8: a cancel answers the one who waits, with the end', async () => {
    const world = await arrangePolled()
    const waiting = poll(world, world.id, { wait: 50 })
    await world.runtime.advance(1_000)
    await world.ask('POST', `/streams/${world.id}/cancel`)
    await world.runtime.flush()
    expect((await waiting).lines).toMatchObject([{ type: 'end', reason: 'cancelled', cause: 'client' }])
  })

  test('contract 6: one answer holds one chunk, whatever there is', async () => {
    const world = await arrangePolled({ reader: { maxChunkBytes: 1_024 } })
    for (let index = 0; index < 100; index++) world.script.give('x'.repeat(100))
    await world.runtime.flush()
    let [cursor, text] = [world.id, '']
    for (let polls = 0; text.length < 10_000; polls++) {
      const answer = await poll(world, cursor)
      expect(lineTextOf(answer).length).toBeLessThanOrEqual(1_024)
      expect(polls).toBeLessThan(15)
      text += lineTextOf(answer)
      cursor = answer.cursor!
    }
  })

  test('contract 7: is given what its credit lets through', async () => {
    const world = await arrangePolled()
    const { id, runtime, script } = world
    const first = poll(world, id, { wait: 50, query: '?reader=phone' })
    await runtime.flush()
    const ack = { reader: 'phone', cursor: `${id}.1.0`, credit: 1 }
    const granted = await world.ask('POST', `/streams/${id}/ack`, { json: ack })
    expect(await granted.json()).toEqual({ id, readers: 1 })
    script.give('one ')
    script.give('two ')
    await runtime.flush()
    const { cursor, lines } = await first
    expect(lineTextOf({ lines })).toBe('one ')
    const second = poll(world, cursor!, { wait: 10, query: '?reader=phone' })
    await runtime.advance(10_000)
    expect((await second).lines).toEqual([])
    // Between two polls, as well.
    await world.ask('POST', `/streams/${id}/ack`, { json: { ...ack, cursor, credit: 1 } })
    expect(lineTextOf(await poll(world, cursor!, { query: '?reader=phone' }))).toBe('two ')
  })

  test('contract 2: a reader that falls behind is told so, in a line without a cursor', async () => {
    const world = await arrangePolled({ stream: { retentionBytes: 2_048, windowBytes: 1_024, maxEventBytes: 512 } })
    const { id, runtime, script } = world
    const behind = poll(world, id, { wait: 50, query: '?reader=slow' })
    await runtime.flush()
    await world.ask('POST', `/streams/${id}/ack`, { json: { reader: 'slow', cursor: `${id}.1.0`, credit: 0 } })
    for (let index = 0; index < 60; index++) script.give('x'.repeat(100))
    let cursor = id
    for (let polls = 0; polls < 20; polls++) {
      cursor = (await poll(world, cursor)).cursor!
      await runtime.flush()
    }
    script.finish()
    await runtime.flush()
    const told = await behind
    expect([told.status, told.lines, told.cursor]).toEqual([200, [{ type: 'closed', code: 'trimmed' }], null])
    const late = await poll(world, `${id}.1.0`)
    expect(late.status).toBe(410)
  })

  test('contract 9: keeps its stream between polls under every policy', async () => {
    const world = await arrangePolled({ stream: { onDisconnect: 'cancel' } })
    const start = { ...CHAT, background: true, sluice: { onDisconnect: 'cancel' } }
    const { id } = (await (await world.ask('POST', '/streams', { json: start })).json()) as { id: string }
    let cursor = id
    for (let polls = 0; polls < 5; polls++) {
      const waiting = poll(world, cursor, { wait: 5 })
      await world.runtime.advance(5_000)
      cursor = (await waiting).cursor!
      await world.runtime.advance(14_000)
    }
    const alive = await world.sluice.info({ id }, { as: 'server' })
    expect(alive.end).toBeUndefined()
    await world.runtime.advance(1_000)
    expect((await world.sluice.info({ id }, { as: 'server' })).end).toMatchObject({ cause: 'disconnect' })
  })

  test('contract 9, 14: a client that leaves is a reader that leaves, and no listener is left on its request', async () => {
    const world = await arrangePolled()
    const leaving = new AbortController()
    const waiting = poll(world, world.id, { wait: 50, signal: leaving.signal })
    await world.runtime.flush()
    expect(world.sluice.stats().delivering).toBe(1)
    leaving.abort()
    expect((await waiting).status).toBe(499)
    expect(world.sluice.stats().delivering).toBe(0)
    expect((await poll(world, world.id, { wait: 50, signal: leaving.signal })).status).toBe(499)
    const { signal } = new AbortController()
    await poll(world, world.id, { signal })
    expect([getEventListeners(leaving.signal, 'abort'), getEventListeners(signal, 'abort')]).toEqual([[], []])
  })
})
