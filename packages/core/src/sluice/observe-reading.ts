import type { AttachedInfo } from '../observe/observer.ts'
import type { DeliverOptions } from './prepare-delivery.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { Engine } from './engine.ts'
import { countReaders } from '../reader/reader.ts'
import type { StoredStream } from '../store/store.ts'

/** Tells observers that somebody reads a stream. */
export function notifyAttached(
  { observers }: Engine,
  { facts, log }: StoredStream,
  how: Pick<AttachedInfo, 'resumed' | 'delivered'>,
): void {
  // Readers are counted for nobody else.
  if (observers.hears('attached')) observers.notify('attached', facts, { readers: countReaders(log), ...how })
}

/** Tells observers that a reading is over. */
export function notifyDetached({ observers }: Engine, { facts, log }: StoredStream, outcome: ReadingOutcome): void {
  if (observers.hears('detached')) observers.notify('detached', facts, { outcome, readers: countReaders(log) })
}

/** A reading that was delivered is over: observers are told, and who had it delivered. */
export function notifyOver(
  engine: Engine,
  stored: StoredStream,
  { outcome, error, onOver }: { outcome: ReadingOutcome; error: unknown; onOver: DeliverOptions['onOver'] },
): void {
  const failed = (fault: unknown): void =>
    engine.observers.notify('failed', stored.facts, { where: 'delivery', error: fault })
  if (outcome === 'failed') failed(error)
  notifyDetached(engine, stored, outcome)
  try {
    onOver?.(outcome)
  } catch (fault) {
    // Others of the connection are told next.
    failed(fault)
  }
}
