import type { Source, SourceItem } from '@sluice/core'
import { invalidOption, requireInteger } from '@sluice/core/extend'
import type { ObservableInput } from 'rxjs'
import { from } from 'rxjs'

import { ItemQueue } from './item-queue.ts'

/** What happens to an item for which there is no room: the stream fails, or an item is left out. */
export type Overflow = 'error' | 'drop-oldest' | 'drop-newest'

/** Options of {@link fromObservable}. */
export interface FromObservableOptions {
  /**
   * Items that may wait for the stream.
   * @defaultValue 1024
   */
  bufferItems?: number | undefined
  /**
   * Bytes that they may have, as UTF-16 text or as they are; one item is always let in.
   * @defaultValue 1048576
   */
  bufferBytes?: number | undefined
  /**
   * What happens when there is no room.
   * @defaultValue 'error'
   */
  overflow?: Overflow | undefined
  /** For a source that can be paused: called with `true` when half of the room is taken, with `false` when nothing waits any more. */
  onPressure?: ((held: boolean) => void) | undefined
}

/**
 * A source that says what an observable emits. It is subscribed to when the stream is started, and left when the stream ends for whatever
 * reason. An observable cannot be held back: what the stream does not take waits in a bounded buffer, and what happens when
 * that is full has a name.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const fromEvents: Source = fromObservable(() => myEvents, { overflow: 'drop-oldest' })
 * ```
 */
export function fromObservable(make: () => ObservableInput<SourceItem>, options: FromObservableOptions = {}): Source {
  const { bufferItems = 1024, bufferBytes = 1024 * 1024, overflow = 'error', onPressure } = options
  requireInteger('bufferItems', bufferItems, 1, 1_000_000)
  requireInteger('bufferBytes', bufferBytes, 1, Number.MAX_SAFE_INTEGER)
  if (!OVERFLOWS.includes(overflow)) throw invalidOption('overflow', overflow, `one of ${OVERFLOWS.join(', ')}`)
  return async function* ({ signal }) {
    const queue = new ItemQueue({ bufferItems, bufferBytes, overflow, onPressure })
    const subscription = from(make()).subscribe({
      next: (item) => queue.push(item),
      error: (error: unknown) => queue.fail(error),
      complete: () => queue.end(),
    })
    const stop = (): void => {
      subscription.unsubscribe()
      queue.end()
    }
    // What overflows is not asked for more.
    queue.whenFailed(() => subscription.unsubscribe())
    signal.addEventListener('abort', stop, { once: true })
    try {
      yield* queue
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }
}

const OVERFLOWS: readonly Overflow[] = ['error', 'drop-oldest', 'drop-newest']
