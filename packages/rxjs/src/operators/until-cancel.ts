import { isSluiceError, type StreamEvent } from '@sluice/core'
import {
  catchError,
  EMPTY,
  from,
  type MonoTypeOperatorFunction,
  Observable,
  type ObservableInput,
  take,
  throwError,
} from 'rxjs'

/**
 * Cancels the stream when `stop` emits, and goes on to its `end`, after which a cancelled stream completes: what was said before the
 * cancel took effect is not lost. A cancel that fails is an error.
 *
 * @example
 * ```ts
 * toObservable(stream).pipe(untilCancel(myStopButton, () => stream.cancel())).subscribe((event) => log(event))
 * ```
 */
export function untilCancel(
  stop: ObservableInput<unknown>,
  cancel: () => Promise<unknown>,
): MonoTypeOperatorFunction<StreamEvent> {
  return (events) =>
    new Observable<StreamEvent>((subscriber) => {
      let stopped = false
      const stopping = from(stop)
        .pipe(take(1))
        .subscribe({
          next() {
            stopped = true
            cancel().catch((error: unknown) => subscriber.error(error))
          },
          error: (error: unknown) => subscriber.error(error),
        })
      subscriber.add(stopping)
      const wasCancelled = (error: unknown): boolean =>
        stopped && isSluiceError(error) && error.code === 'SLUICE_ERR_CANCELLED'
      return events
        .pipe(catchError((error: unknown) => (wasCancelled(error) ? EMPTY : throwError(() => error))))
        .subscribe(subscriber)
    })
}
