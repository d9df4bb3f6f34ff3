import { Deadline } from '../clock/deadlines.ts'
import type { Engine } from './engine.ts'

/** How long `drain` lets streams run by default. */
export const DEFAULT_DRAIN_MS = 25_000

/** How often a draining process looks whether it is done. */
const LOOK_EVERY_MS = 20

/** Settles when no source runs and no reading is delivered here, at the latest a moment after `withinMs`. */
export async function drainEngine(engine: Engine, withinMs: number): Promise<void> {
  const { hub, deliveries, productions, store } = engine
  if (store.shared) for (const [delivery, wire] of [...deliveries]) if (wire.resumable) delivery.stop('draining')
  const deadlineMs = hub.now() + withinMs
  while (productions.size + deliveries.size > 0 && hub.now() < deadlineMs)
    await pause(engine, Math.min(LOOK_EVERY_MS, deadlineMs - hub.now()))
  await Promise.all([...productions.values()].map((production) => production.close('drain')))
  const giveUpMs = hub.now() + engine.reader.closeGraceMs
  while (deliveries.size > 0 && hub.now() < giveUpMs) await pause(engine, LOOK_EVERY_MS)
}

function pause({ hub }: Engine, ms: number): Promise<void> {
  return new Promise((resolve) => hub.schedule(new Deadline({ due: resolve }), hub.now() + ms))
}
