import { drainMicrotasks } from '@sluice/testing'

import type { World } from './world.ts'

/** So many go on side by side: enough to share a turn of the event loop, few enough to stay in the caches. */
const SIDE_BY_SIDE = 16

/** Runs worlds to their ends, and gives each to `onDone`. They are made when their turn comes. */
export async function runWorlds(worlds: Iterable<() => World>, onDone: (world: World) => void): Promise<void> {
  const waiting = worlds[Symbol.iterator]()
  const going: World[] = []
  for (;;) {
    while (going.length < SIDE_BY_SIDE) {
      const made = waiting.next()
      if (made.done) break
      going.push(made.value())
    }
    if (going.length === 0) return
    await drainMicrotasks()
    for (let index = going.length - 1; index >= 0; index--) {
      const world = going[index]!
      if (world.step()) continue
      onDone(world)
      going[index] = going.at(-1)!
      going.pop()
    }
  }
}
