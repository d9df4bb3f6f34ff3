import { createMemoryStore } from '@sluice/core'
import type { StoredStream } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, createVirtualRuntime } from '../rig/core-rig.ts'
import { CUT, KEEPING } from '../rig/memory-store-model.ts'

/** Seven streams may run. */
const MAX = 48 * 1024

describe('the memory store against plain lists', () => {
  test('contract 6: live streams are never given up, ended ones go oldest end first, starts are refused last', () =>
    check(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }),
        fc.nat({ max: 6 }),
        async (order, live) => {
          const store = createMemoryStore({ maxBytes: MAX, runtime: createVirtualRuntime() })
          const make = async (id: string): Promise<StoredStream> => {
            const facts = { id, tenant: '', owner: 'o', key: id, meta: {}, wire: undefined, createdAtMs: 0 }
            const begun = await store.begin({ ...facts, idempotency: undefined }, KEEPING)
            if (begun.is !== 'new') throw new Error(begun.is)
            return begun.stream
          }
          const all = await Promise.all(order.map((_, index) => make(`s${index}`)))
          for (const { log } of all) log.append('x'.repeat(500))
          for (const index of order.slice(live)) await store.close({ tenant: '', id: `s${index}` }, CUT)
          const hog = await make('hog')
          while (store.usage().bytes <= MAX + 300) hog.log.append('y'.repeat(300))
          const gone = async (index: number): Promise<boolean> =>
            (await store.find({ tenant: '', id: `s${index}` })).is !== 'stream'
          await make('probe').catch(() => {})
          for (const index of order.slice(0, live)) expect(await gone(index)).toBe(false)
          const went = await Promise.all(order.slice(live).map(gone))
          expect(went).toEqual(went.toSorted((a, b) => Number(b) - Number(a)))
          while (store.usage().live < store.usage().streams || store.usage().bytes <= MAX)
            hog.log.append('y'.repeat(300))
          await expect(make('late')).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED', status: 503 })
          expect((await store.find({ tenant: '', id: 'hog' })).is).toBe('stream')
        },
      ),
    ))
})
