import type { Scheduler } from './scheduler.ts'

/** How long one slice keeps the event loop from others. */
const SLICE_MS = 10
/** Items of one slice at most: what they ask for is answered together, and answers are work too. */
const ITEMS_PER_SLICE = 64

/**
 * Calls `act` with each item, in slices: between two of them the event loop serves others. For what is done to everything at
 * once, of which there may be very much.
 */
export async function inSlices<Item>(
  scheduler: Scheduler,
  items: Iterable<Item>,
  act: (item: Item) => void,
): Promise<void> {
  const { runtime } = scheduler
  let beganMs = runtime.now()
  let done = 0
  for (const item of items) {
    if (done === ITEMS_PER_SLICE || runtime.now() - beganMs >= SLICE_MS) {
      await scheduler.nextTurn()
      beganMs = runtime.now()
      done = 0
    }
    act(item)
    done++
  }
}
