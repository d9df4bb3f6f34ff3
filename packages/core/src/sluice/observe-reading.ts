import type { ReadingOutcome } from '../events/notice.ts'
import type { Engine } from './engine.ts'
import { countReaders } from '../reader/reader.ts'
import type { StoredStream } from '../store/store.ts'

/** Tells observers that somebody reads a stream. */
export function notifyAttached({ observers }: Engine, { facts, log }: StoredStream, resumed: boolean): void {
  // Readers are counted for nobody else.
  if (observers.hears('attached')) observers.notify('attached', facts, { readers: countReaders(log), resumed })
}

/** Tells observers that a reading is over. */
export function notifyDetached({ observers }: Engine, { facts, log }: StoredStream, outcome: ReadingOutcome): void {
  if (observers.hears('detached')) observers.notify('detached', facts, { outcome, readers: countReaders(log) })
}
