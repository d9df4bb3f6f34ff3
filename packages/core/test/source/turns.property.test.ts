import { createSluice, type Runtime } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createVirtualRuntime } from '../../../testing/src/index.ts'

const AS = { owner: 'ada' }
/** What one turn may hold, and one item more of each source, so that each gets on. */
const ITEMS_PER_TURN = 1_024

/** A runtime that tells when a turn ends. */
function watchedRuntime(onTurn: () => void): ReturnType<typeof createVirtualRuntime> {
  const runtime = createVirtualRuntime()
  const { defer } = runtime
  return Object.assign(Object.create(runtime) as typeof runtime, {
    defer: ((task) =>
      defer.call(runtime, () => {
        onTurn()
        task()
      })) as Runtime['defer'],
  })
}

test('sources that never wait take no more of one turn together than one alone, and none is left behind', async () => {
  const items = fc.integer({ min: 1, max: 6_000 })
  const sizes = fc.constantFrom(1, 7, 400)
  const many = { minLength: 1, maxLength: 12 }
  const shapes = fc.oneof(
    fc.array(fc.record({ batch: sizes, items }), many),
    sizes.chain((batch) => fc.array(fc.record({ batch: fc.constant(batch), items }), many)),
  )
  await fc.assert(
    fc.asyncProperty(shapes, async (sources) => {
      let inTurn = 0
      let most = 0
      const runtime = watchedRuntime(() => {
        most = Math.max(most, inTurn)
        inTurn = 0
      })
      const sluice = createSluice({ runtime, limits: { streamsPerOwner: 100, startBurst: 100 } })
      const left = sources.map(({ items }) => items)
      const lead: number[] = []
      const streams = await Promise.all(
        sources.map(({ batch, items }, index) => {
          const source = async function* (): AsyncGenerator<string | string[]> {
            for (let given = 0; given < items; given += batch) {
              const size = Math.min(batch, items - given)
              inTurn += size
              left[index]! -= size
              const running = left.flatMap((rest, other) => (rest > 0 ? [sources[other]!.items - rest] : []))
              if (running.length > 0) lead.push(given + size - Math.min(...running))
              yield batch === 1 ? 'x' : Array.from({ length: size }, () => 'x')
            }
          }
          return sluice.start(source, { as: AS, onDisconnect: 'continue' })
        }),
      )
      await runtime.advance(1_000)
      for (const { id } of streams) expect((await sluice.info({ id }, { as: AS })).status).toBe('ended')
      // A batch was asked for before it was known how long it is.
      const batches = sources.reduce((sum, { batch }) => sum + batch, 0)
      expect(most).toBeLessThanOrEqual(ITEMS_PER_TURN + batches + sources.length)
      // Those that give alike get on alike.
      if (new Set(sources.map(({ batch }) => batch)).size === 1)
        expect(Math.max(...lead)).toBeLessThanOrEqual(3 * (ITEMS_PER_TURN + batches))
    }),
    { numRuns: 60 },
  )
})
