import { Deadline } from '../clock/deadlines.ts'
import { inSlices } from '../clock/in-slices.ts'
import type { Engine } from './engine.ts'

/** How long `drain` lets streams run by default. */
export const DEFAULT_DRAIN_MS = 25_000

/** How often a draining process looks whether it is done. */
const LOOK_EVERY_MS = 20

/** Settles when no source runs and no reading is delivered here, at the latest a moment after `withinMs`. */
export async function drainEngine(engine: Engine, withinMs: number): Promise<void> {
  const { scheduler, deliveries, producers, expected, store, starts } = engine
  starts.draining = true
  if (store.shared) {
    await inSlices(scheduler, [...deliveries], ([delivery, wire]) => wire.resumable && delivery.stop('draining'))
  }
  // Who polls what is nowhere else comes back here for the rest.
  const returning = (): number => (store.shared || withinMs === 0 ? 0 : expected.size)
  const deadlineMs = scheduler.now() + withinMs
  while (producers.size + deliveries.size + returning() > 0 && scheduler.now() < deadlineMs) {
    await pause(engine, Math.min(LOOK_EVERY_MS, deadlineMs - scheduler.now()))
    // What can be waited for elsewhere is not waited for here.
    if (store.shared) for (const delivery of [...deliveries.keys()]) if (delivery.isPoll) delivery.stop('draining')
  }
  // A start that waits for its store finds out that it came too late.
  await starts.settled()
  const closing: Promise<void>[] = []
  await inSlices(scheduler, [...producers.values()], (producer) => closing.push(producer.close('drain')))
  await Promise.all(closing)
  const giveUpMs = scheduler.now() + engine.reader.closeGraceMs
  while (deliveries.size + returning() > 0 && scheduler.now() < giveUpMs) await pause(engine, LOOK_EVERY_MS)
}

function pause({ scheduler }: Engine, ms: number): Promise<void> {
  return new Promise((resolve) => scheduler.schedule(new Deadline({ due: resolve }), scheduler.now() + ms))
}
