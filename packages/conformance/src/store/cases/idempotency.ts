import type { Begun, StreamFacts } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { createFacts, KEEPING, type OpenStore, type StoreRig, STOP } from '../rig/rig.ts'

type Asked = Partial<StreamFacts> & { repeat?: string; print?: string }

function factsOf({ repeat = 'i', print = 'f', ...facts }: Asked): StreamFacts {
  return createFacts({ ...facts, idempotency: { key: repeat, fingerprint: print } })
}

/** The start, once more, perhaps elsewhere. */
const ask = async ({ other }: StoreRig, asked: Asked = {}): Promise<Begun> => other.begin(factsOf(asked), KEEPING)
/** The start, where it was made first. */
const start = async ({ store }: StoreRig, asked: Asked = {}): Promise<Begun> => store.begin(factsOf(asked), KEEPING)

/** Starts that are repeated because their answer was lost. */
export function describeIdempotency(open: OpenStore): void {
  describe('an idempotency key', () => {
    test('gives a repeated start the stream of the first', async () => {
      const rig = await open()
      const { facts } = await rig.begin(factsOf({}))
      for (const again of [ask, start])
        expect(await again(rig)).toMatchObject({ is: 'repeated', stream: { facts: { id: facts.id } } })
      expect(rig.store.usage().streams).toBe(1)
    })

    test('has one winner when a start is repeated many times at once', async () => {
      const rig = await open()
      const all = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? ask : start)(rig)))
      expect(all.map(({ is }) => is).toSorted()).toEqual(['new', ...Array<string>(7).fill('repeated')])
      expect(new Set(all.map((begun) => 'stream' in begun && begun.stream.facts.id)).size).toBe(1)
    })

    test('outlives the end of its stream, and goes with what is left of it', async () => {
      const rig = await open()
      const stream = await rig.begin(factsOf({}))
      await rig.append(stream, 'a', STOP)
      expect(await ask(rig)).toMatchObject({ is: 'repeated', stream: { facts: { id: stream.facts.id } } })
      await rig.other.erase(stream.facts)
      expect(await ask(rig)).toMatchObject({ is: 'new' })
    })

    test('with another fingerprint is a mismatch, and starts nothing', async () => {
      const rig = await open()
      await start(rig)
      expect(await ask(rig, { print: 'other' })).toEqual({ is: 'mismatch' })
      expect(await ask(rig, { print: 'other', key: 'k' })).toEqual({ is: 'mismatch' })
      expect(await rig.other.find({ tenant: '', key: 'k' })).toEqual({ is: 'unknown' })
      expect(rig.store.usage().streams).toBe(1)
    })

    test('comes before the key: a repeated start gets its own stream, not the one that holds the key now', async () => {
      const rig = await open()
      const first = await rig.begin(factsOf({ key: 'k' }))
      await rig.append(first, STOP)
      await rig.begin({ key: 'k' })
      expect(await ask(rig, { key: 'k' })).toMatchObject({ is: 'repeated', stream: { facts: { id: first.facts.id } } })
    })

    test('of a start that found its key taken is not used up', async () => {
      const rig = await open()
      const holder = await rig.begin({ key: 'k' })
      expect(await ask(rig, { key: 'k' })).toMatchObject({ is: 'running' })
      await rig.append(holder, STOP)
      expect(await ask(rig, { key: 'k' })).toMatchObject({ is: 'new' })
    })

    test('contract 12: belongs to its tenant and owner, however the three are spelled', async () => {
      const rig = await open()
      const lookalikes = [
        { tenant: 'a', owner: 'b', repeat: 'c' },
        { tenant: 'a', owner: 'bc', repeat: '' },
        { tenant: 'a', owner: '', repeat: 'bc' },
        { tenant: 'ab', owner: '', repeat: 'c' },
        { tenant: '', owner: 'ab', repeat: 'c' },
        { tenant: 'a:b', owner: 'b', repeat: 'c' },
        { tenant: 'a', owner: 'b:c', repeat: 'c' },
        { tenant: 'a', owner: '1:b', repeat: 'c' },
        { tenant: 'a', owner: 'b', repeat: '1:bc' },
      ]
      for (const asked of lookalikes) expect(await start(rig, asked)).toMatchObject({ is: 'new' })
      for (const asked of lookalikes) expect(await ask(rig, asked)).toMatchObject({ is: 'repeated' })
    })

    test('is not a key: the same word may be both', async () => {
      const rig = await open()
      await rig.begin({ key: 'same' })
      expect(await ask(rig, { repeat: 'same' })).toMatchObject({ is: 'new' })
    })
  })
}
