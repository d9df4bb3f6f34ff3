import { eventBytes, placeCursor } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import type { StoreDriver } from './driver.ts'
import { append, createFacts, CUT, KEEPING, type OpenStore, type StoreRig, STOP } from './rig.ts'

const MAX_BYTES = 16 * 1024
const PIECE = 'x'.repeat(1000)

const foundAs = async ({ store }: StoreRig, id: string): Promise<string> => (await store.find({ id })).is

/** What a store holds, for how long, and what it gives up first. */
export function describeHolding(open: OpenStore, { boundedMemory }: StoreDriver): void {
  describe('contract 6 and 14, what a store holds', () => {
    test('is told to the byte, and is nothing once all is erased', async () => {
      const { store, begin } = await open()
      expect(store.usage()).toEqual({ bytes: 0, streams: 0, live: 0 })
      const [one, other] = [await begin({ key: 'k' }), await begin()]
      append(one, 'ä', { type: 'usage', usage: { outputTokens: 1 } })
      append(other, 'b')
      const bytes = [...['ä', 'b'], { type: 'usage', usage: { outputTokens: 1 } } as const]
        .map(eventBytes)
        .reduce((sum, next) => sum + next)
      expect(store.usage()).toEqual({ bytes, streams: 2, live: 2 })
      append(one, STOP)
      await store.close(other.facts.id, CUT)
      expect(store.usage()).toEqual({ bytes: bytes + eventBytes(STOP) + eventBytes(CUT), streams: 2, live: 0 })
      await store.erase(one.facts.id)
      expect(store.usage()).toEqual({ bytes: eventBytes('b') + eventBytes(CUT), streams: 1, live: 0 })
      await store.erase(other.facts.id)
      expect(store.usage()).toEqual({ bytes: 0, streams: 0, live: 0 })
    })

    test('is kept for its retention after the end, then only as a tombstone', async () => {
      const rig = await open()
      const retentionMs = 300
      const facts = createFacts({ key: 'k', idempotency: { key: 'i', fingerprint: 'f' } })
      const stream = await rig.begin(facts, { retentionMs })
      const running = await rig.begin({}, { retentionMs })
      await rig.pass(2 * retentionMs)
      expect(await foundAs(rig, facts.id)).toBe('stream')
      append(stream, 'a', STOP)
      expect(await foundAs(rig, facts.id)).toBe('stream')
      await rig.pass(2 * retentionMs)
      expect(await rig.store.find({ id: facts.id })).toMatchObject({
        is: 'tombstone',
        tombstone: { seq: 2, end: STOP },
      })
      expect(placeCursor(stream.log, { streamId: facts.id, epoch: 1, seq: 1 })).toBe('trimmed')
      expect(rig.store.usage()).toEqual({ bytes: 0, streams: 1, live: 1 })
      expect(await rig.store.begin(createFacts({ ...facts, id: 'again' }), KEEPING)).toMatchObject({ is: 'new' })
      expect(await foundAs(rig, running.facts.id)).toBe('stream')
    })
  })

  if (!boundedMemory) return
  describe('contract 6, under memory pressure', () => {
    const openBounded = (): Promise<StoreRig> => open((runtime) => boundedMemory(MAX_BYTES, runtime))

    test('ended streams are given up, oldest end first, leaving a tombstone; live ones never', async () => {
      const rig = await openBounded()
      const [first, second, third] = [await rig.begin(), await rig.begin(), await rig.begin()]
      for (const stream of [first, second, third]) append(stream, PIECE)
      append(second, STOP)
      await rig.store.close(first.facts.id, CUT)
      const hog = await rig.begin()
      const seen: string[] = []
      for (let piece = 0; piece < 40 && rig.store.usage().streams > 2; piece++) {
        append(hog, PIECE)
        const state = (await Promise.all([first, second, third].map(({ facts }) => foundAs(rig, facts.id)))).join(' ')
        if (state !== seen.at(-1)) seen.push(state)
        expect(rig.store.usage().bytes).toBeLessThan(2 * MAX_BYTES)
      }
      const states = ['stream stream stream', 'stream tombstone stream', 'tombstone tombstone stream']
      expect(seen.at(-1)).toBe(states[2])
      expect(states.filter((state) => seen.includes(state))).toEqual(seen)
      expect(await foundAs(rig, hog.facts.id)).toBe('stream')
    })

    test('starts are refused, with a status and a time to wait, only when live streams alone are over the bound', async () => {
      const rig = await openBounded()
      const ended = await rig.begin()
      append(ended, ...Array<string>(12).fill(PIECE), STOP)
      const hog = await rig.begin()
      append(hog, ...Array<string>(12).fill(PIECE))
      const next = await rig.begin({ key: 'next' })
      expect(await foundAs(rig, ended.facts.id)).toBe('tombstone')
      append(hog, ...Array<string>(8).fill(PIECE))
      await expect((async () => rig.store.begin(createFacts({ key: 'late' }), KEEPING))()).rejects.toMatchObject({
        code: 'SLUICE_ERR_OVERLOADED',
        status: 503,
        retryAfterMs: expect.any(Number) as number,
      })
      expect(await rig.store.find({ tenant: '', key: 'late' })).toEqual({ is: 'unknown' })
      const joined = await rig.store.begin(createFacts({ key: 'next' }), KEEPING)
      expect(joined).toMatchObject({ is: 'running', stream: { facts: { id: next.facts.id } } })
      append(hog, STOP)
      await expect(rig.begin({ key: 'late' })).resolves.toBeDefined()
    })
  })
}
