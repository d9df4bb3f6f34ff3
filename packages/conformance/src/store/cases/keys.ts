import type { Begun, StreamName } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { createFacts, CUT, KEEPING, type OpenStore, type StoreRig, STOP } from '../rig/rig.ts'

/** Pairs that one string, joined carelessly, would make the same. */
const LOOKALIKES: readonly (readonly [string, string])[] = [
  ['a:b', 'c'],
  ['a', 'b:c'],
  ['', 'a:b:c'],
  ['a:b:c', ''],
  ['1:a', 'b'],
  ['1', ':ab'],
  ['1', 'ab'],
  ['a\0b', 'c'],
  ['a', '\0b\0c'],
  ['ä', 'c'],
  ['a\u0308', 'c'],
]

const idOf = async ({ other }: StoreRig, tenant: string, key: string): Promise<string> => {
  const found = await other.find({ tenant, key })
  return found.is === 'stream' ? found.stream.facts.id : found.is
}

/** Names of live streams. */
export function describeKeys(open: OpenStore): void {
  describe('a key', () => {
    test('has at most one live stream: a second start is given the first', async () => {
      const rig = await open()
      const { facts } = await rig.begin({ tenant: 't', key: 'chat' })
      for (const each of [rig.store, rig.other]) {
        const second = await each.begin(createFacts({ tenant: 't', key: 'chat', owner: 'other' }), KEEPING)
        expect(second).toMatchObject({ is: 'running', stream: { facts: { id: facts.id } } })
      }
      expect(await idOf(rig, 't', 'chat')).toBe(facts.id)
    })

    test('has one winner when many start at once', async () => {
      const { store, other } = await open()
      const begin = async (_: unknown, index: number): Promise<Begun> =>
        (index % 2 === 0 ? store : other).begin(createFacts({ key: 'k' }), KEEPING)
      const all = await Promise.all(Array.from({ length: 8 }, begin))
      expect(all.map(({ is }) => is).toSorted()).toEqual(['new', ...Array<string>(7).fill('running')])
      expect(new Set(all.map((begun) => 'stream' in begun && begun.stream.facts.id)).size).toBe(1)
    })

    test.each(['its producer', 'a close'])('is free again once its stream was ended by %s', async (who) => {
      const rig = await open()
      const first = await rig.begin({ key: 'k' })
      if (who === 'a close') await rig.other.close(first.facts, CUT)
      else await rig.append(first, STOP)
      expect(await idOf(rig, '', 'k')).toBe('unknown')
      const second = await rig.begin({ key: 'k' })
      expect(await idOf(rig, '', 'k')).toBe(second.facts.id)
      await rig.other.erase(first.facts)
      expect(await idOf(rig, '', 'k')).toBe(second.facts.id)
    })

    test('is no must: any number of streams may have none', async () => {
      const rig = await open()
      await rig.begin()
      await rig.begin()
      expect(rig.store.usage()).toMatchObject({ streams: 2, live: 2 })
    })

    test('contract 12: belongs to its tenant; `a:b` + `c` is not `a` + `b:c`', async () => {
      const rig = await open()
      const names: StreamName[] = []
      for (const [tenant, key] of LOOKALIKES) names.push((await rig.begin({ tenant, key })).facts)
      for (const [index, [tenant, key]] of LOOKALIKES.entries())
        expect(await idOf(rig, tenant, key)).toBe(names[index]!.id)
      expect(await idOf(rig, 'b', 'c')).toBe('unknown')
      await rig.other.close(names[0]!, CUT)
      expect(await idOf(rig, 'a:b', 'c')).toBe('unknown')
      expect(await idOf(rig, 'a', 'b:c')).toBe(names[1]!.id)
    })
  })
}
