import type { StreamName } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import type { StoreDriver } from './driver.ts'
import { createFacts, CUT, KEEPING, type OpenStore, type StoreRig, STOP } from './rig.ts'

const MAX_BYTES = 64 * 1024
const PIECE = 'x'.repeat(2000)

const foundAs = async ({ store }: StoreRig, name: StreamName): Promise<string> => (await store.find(name)).is

/** What a store with little memory gives up first. */
export function describeBoundedMemory(open: OpenStore, make: NonNullable<StoreDriver['boundedMemory']>): void {
  describe('contract 6, under memory pressure', () => {
    const openBounded = (): Promise<StoreRig> => open((runtime) => make(MAX_BYTES, runtime))

    test('ended streams are given up, oldest end first, leaving a tombstone; live ones never', async () => {
      const rig = await openBounded()
      const [first, second, third] = [await rig.begin(), await rig.begin(), await rig.begin()]
      for (const stream of [first, second, third]) await rig.append(stream, PIECE)
      await rig.append(second, STOP)
      await rig.store.close(first.facts, CUT)
      const hog = await rig.begin()
      const seen: string[] = []
      for (let piece = 0; piece < 40 && rig.store.usage().streams > 2; piece++) {
        await rig.append(hog, PIECE)
        const state = (await Promise.all([first, second, third].map(({ facts }) => foundAs(rig, facts)))).join(' ')
        if (state !== seen.at(-1)) seen.push(state)
        expect(rig.store.usage().bytes).toBeLessThan(2 * MAX_BYTES)
      }
      const states = ['stream stream stream', 'stream tombstone stream', 'tombstone tombstone stream']
      expect(seen.at(-1)).toBe(states[2])
      expect(states.filter((state) => seen.includes(state))).toEqual(seen)
      expect(await foundAs(rig, hog.facts)).toBe('stream')
    })

    test('starts are refused, with a status and a time to wait, only when live streams alone are over the bound', async () => {
      const rig = await openBounded()
      const ended = await rig.begin()
      await rig.append(ended, ...Array<string>(24).fill(PIECE), STOP)
      const hog = await rig.begin()
      await rig.append(hog, ...Array<string>(24).fill(PIECE))
      const next = await rig.begin({ key: 'next' })
      expect(await foundAs(rig, ended.facts)).toBe('tombstone')
      await rig.append(hog, ...Array<string>(8).fill(PIECE))
      await expect((async () => rig.store.begin(createFacts({ key: 'late' }), KEEPING))()).rejects.toMatchObject({
        code: 'SLUICE_ERR_OVERLOADED',
        status: 503,
        retryAfterMs: expect.any(Number) as number,
      })
      expect(await rig.store.find({ tenant: '', key: 'late' })).toEqual({ is: 'unknown' })
      const joined = await rig.store.begin(createFacts({ key: 'next' }), KEEPING)
      expect(joined).toMatchObject({ is: 'running', stream: { facts: { id: next.facts.id } } })
      await rig.append(hog, STOP)
      await expect(rig.begin({ key: 'late' })).resolves.toBeDefined()
    })
  })
}
