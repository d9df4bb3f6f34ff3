import { inSlices, Scheduler, type Steppable } from '@sluice/core/extend'
import { createVirtualRuntime } from '../../../testing/src/index.ts'
import { describe, expect, test } from 'vitest'

/** A clock that each step moves: as if it had cost that much. */
function costly() {
  const runtime = createVirtualRuntime()
  let spentMs = 0
  const { now } = runtime
  runtime.now = () => now() + spentMs
  return { runtime, scheduler: new Scheduler(runtime), spend: (ms: number) => void (spentMs += ms) }
}

/** What happens in which turn of the event loop. */
function inTurns(runtime: ReturnType<typeof createVirtualRuntime>) {
  const turns: number[][] = [[]]
  const { defer } = runtime
  runtime.defer = (task) =>
    defer(() => {
      turns.push([])
      task()
    })
  return { turns, note: (index: number) => void turns.at(-1)!.push(index) }
}

describe('contract 4: what is to be done in one turn', () => {
  test('goes on in the next where it is too much, in its order, and nothing of it is lost', async () => {
    const { runtime, scheduler, spend } = costly()
    const { turns, note } = inTurns(runtime)
    const items = Array.from({ length: 20 }, (_, index): Steppable => ({
      dirty: false,
      step() {
        note(index)
        spend(3)
      },
    }))
    for (const item of items) scheduler.mark(item)
    await runtime.advance(0)
    expect(turns.flat()).toEqual(items.map((_, index) => index))
    expect(Math.max(...turns.map(({ length }) => length))).toBe(4)
    expect(scheduler.pending).toBe(0)
  })

  test('takes a step that is too much by itself alone, and goes on', async () => {
    const { runtime, scheduler, spend } = costly()
    const { turns, note } = inTurns(runtime)
    for (const index of [0, 1, 2]) {
      scheduler.mark({
        dirty: false,
        step() {
          note(index)
          spend(1_000)
        },
      })
    }
    await runtime.advance(0)
    expect(turns.filter(({ length }) => length > 0)).toEqual([[0], [1], [2]])
  })

  test('is done to very many things in slices', async () => {
    const { runtime, scheduler } = costly()
    const { turns, note } = inTurns(runtime)
    const done = inSlices(
      scheduler,
      Array.from({ length: 200 }, (_, index) => index),
      note,
    )
    await runtime.advance(0)
    await done
    expect(turns.flat()).toHaveLength(200)
    expect(Math.max(...turns.map(({ length }) => length))).toBe(64)
  })
})
