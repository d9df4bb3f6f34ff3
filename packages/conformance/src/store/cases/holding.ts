import { placeCursor } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { describeBoundedMemory } from '../rig/bounded-memory.ts'
import type { StoreDriver } from '../rig/driver.ts'
import { expectHeld } from '../rig/held.ts'
import { createFacts, CUT, findStream, KEEPING, NOTHING, type OpenStore, STOP } from '../rig/rig.ts'

/** By then a process has let go of what is not kept any more. */
const LET_GO_WITHIN_MS = 5_000

/** What a store holds, for how long, and what it gives up first. */
export function describeHolding(open: OpenStore, { boundedMemory, remote }: StoreDriver): void {
  describe('contract 6 and 14, what a store holds', () => {
    test('is told while streams run, with what they take beside their events, and is nothing once all is erased', async () => {
      const { store, other, begin, append, eventually } = await open()
      for (const each of [store, other]) expect(each.usage()).toEqual(NOTHING)
      const [one, two] = [await begin({ key: 'k' }), await begin()]
      const usage = { type: 'usage', usage: { outputTokens: 1 } } as const
      await append(one, 'ä', usage)
      await append(two, 'b')
      expectHeld(store, ['ä', usage, 'b'], { streams: 2, live: 2 })
      await append(one, STOP)
      await other.close(two.facts, CUT)
      await eventually(() => expect(store.usage()).toMatchObject({ live: 0 }))
      const ended = store.usage()
      await other.erase(one.facts)
      await eventually(() => expect(store.usage().bytes).toBeLessThan(Math.max(1, ended.bytes)))
      await other.erase(two.facts)
      for (const each of [store, other]) await eventually(() => expect(each.usage()).toEqual(NOTHING))
    })

    test('is held for whoever reads it, and let go when the last of them has gone', async () => {
      const { other, begin, append, eventually } = await open()
      const stream = await begin()
      await append(stream, 'a', 'b')
      const { log } = await findStream(other, stream.facts)
      const reader = { wakeAt: Infinity, seq: 0, bytePosition: 0, wake: () => {} }
      log.attach(reader)
      expectHeld(other, ['a', 'b'], { streams: 1, live: 1 })
      await append(stream, STOP)
      await eventually(() => expectHeld(other, ['a', 'b', STOP], { streams: 1, live: 0 }))
      log.detach(reader)
      // Where the log is the record itself, it is kept for whoever comes.
      const left = remote ? NOTHING : other.usage()
      await eventually(() => expect(other.usage()).toEqual(left), LET_GO_WITHIN_MS)
      await other.erase(stream.facts)
      await eventually(() => expect(other.usage()).toEqual(NOTHING))
    })

    test('is kept for its retention after the end, then only as a tombstone', async () => {
      const rig = await open()
      const { store, other, append, eventually } = rig
      const retentionMs = 1_000
      const facts = createFacts({ key: 'k', idempotency: { key: 'i', fingerprint: 'f' } })
      const stream = await rig.begin(facts, { retentionMs })
      const running = await rig.begin({}, { retentionMs })
      await rig.pass(2 * retentionMs)
      expect((await other.find(facts)).is).toBe('stream')
      await append(stream, 'a', STOP)
      expect((await other.find(facts)).is).toBe('stream')
      await rig.pass(2 * retentionMs)
      const tombstone = {
        is: 'tombstone',
        tombstone: { facts: { id: facts.id, key: 'k' }, epoch: 1, seq: 2, end: STOP },
      }
      for (const each of [store, other]) expect(await each.find(facts)).toMatchObject(tombstone)
      await eventually(() => {
        expectHeld(store, [], { streams: 1, live: 1 })
        expect(other.usage().bytes).toBeLessThanOrEqual(store.usage().bytes)
      }, LET_GO_WITHIN_MS)
      expect(await other.begin(createFacts({ ...facts, id: 'again' }), KEEPING)).toMatchObject({ is: 'new' })
      expect((await other.find(running.facts)).is).toBe('stream')
    })
  })

  if (!remote) describeLocalHolding(open)
  if (boundedMemory) describeBoundedMemory(open, boundedMemory)
}

/** Where the log is the record itself, what is held is what is kept. */
function describeLocalHolding(open: OpenStore): void {
  describe('contract 6 and 14, what is kept in this process', () => {
    test('is told after the end, too', async () => {
      const { store, begin, append } = await open()
      const [one, two] = [await begin({ key: 'k' }), await begin()]
      await append(one, 'ä', STOP)
      await append(two, 'b')
      await store.close(two.facts, CUT)
      expectHeld(store, ['ä', 'b', STOP, CUT], { streams: 2, live: 0 })
      await store.erase(one.facts)
      expectHeld(store, ['b', CUT], { streams: 1, live: 0 })
      await store.erase(two.facts)
      expect(store.usage()).toEqual(NOTHING)
      expect([one.log.bytes, two.log.bytes]).toEqual([0, 0])
    })

    test('is gone from its log, too, when its retention is over', async () => {
      const { begin, append, pass } = await open()
      const stream = await begin({}, { retentionMs: 300 })
      await append(stream, 'a', STOP)
      await pass(600)
      expect(placeCursor(stream.log, { streamId: stream.facts.id, epoch: 1, seq: 1 })).toBe('trimmed')
      expect(stream.log.bytes).toBe(0)
    })
  })
}
