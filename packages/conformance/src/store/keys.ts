import { describe, expect, test } from 'vitest'

import { append, createFacts, CUT, KEEPING, type OpenStore, type StoreRig, STOP } from './rig.ts'

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

const idOf = async ({ store }: StoreRig, tenant: string, key: string): Promise<string> => {
  const found = await store.find({ tenant, key })
  return found.is === 'stream' ? found.stream.facts.id : found.is
}

/** Names of live streams. */
export function describeKeys(open: OpenStore): void {
  describe('a key', () => {
    test('has at most one live stream: a second start is given the first', async () => {
      const rig = await open()
      const { facts } = await rig.begin({ tenant: 't', key: 'chat' })
      const second = await rig.store.begin(createFacts({ tenant: 't', key: 'chat', owner: 'other' }), KEEPING)
      expect(second).toMatchObject({ is: 'running', stream: { facts: { id: facts.id } } })
      expect(await idOf(rig, 't', 'chat')).toBe(facts.id)
    })

    test('has one winner when many start at once', async () => {
      const { store } = await open()
      const all = await Promise.all(
        Array.from({ length: 8 }, async () => store.begin(createFacts({ key: 'k' }), KEEPING)),
      )
      expect(all.map(({ is }) => is).toSorted()).toEqual(['new', ...Array<string>(7).fill('running')])
      expect(new Set(all.map((begun) => 'stream' in begun && begun.stream.facts.id)).size).toBe(1)
    })

    test.each(['its producer', 'a close'])('is free again once its stream was ended by %s', async (who) => {
      const rig = await open()
      const first = await rig.begin({ key: 'k' })
      if (who === 'a close') await rig.store.close(first.facts.id, CUT)
      else append(first, STOP)
      expect(await idOf(rig, '', 'k')).toBe('unknown')
      const second = await rig.begin({ key: 'k' })
      expect(await idOf(rig, '', 'k')).toBe(second.facts.id)
      await rig.store.erase(first.facts.id)
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
      const ids: string[] = []
      for (const [tenant, key] of LOOKALIKES) ids.push((await rig.begin({ tenant, key })).facts.id)
      for (const [index, [tenant, key]] of LOOKALIKES.entries()) expect(await idOf(rig, tenant, key)).toBe(ids[index])
      expect(await idOf(rig, 'b', 'c')).toBe('unknown')
      await rig.store.close(ids[0]!, CUT)
      expect(await idOf(rig, 'a:b', 'c')).toBe('unknown')
      expect(await idOf(rig, 'a', 'b:c')).toBe(ids[1])
    })
  })
}
