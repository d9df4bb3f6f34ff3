import type { StreamEvent, TokenStream } from '@sluice/core'
import { requireInteger } from '@sluice/core/extend'
import {
  asyncScheduler,
  catchError,
  defer,
  type MonoTypeOperatorFunction,
  type Observable,
  type SchedulerLike,
  switchMap,
  tap,
  throwError,
  timer,
} from 'rxjs'

import { toObservable, type ToObservableOptions } from '../observable/to-observable.ts'

/** Options of {@link retryResume}. */
export interface RetryResumeOptions extends Pick<ToObservableOptions, 'onUnsubscribe'> {
  /**
   * Attempts in a row that give no event before the error is handed on.
   * @defaultValue 5
   */
  attempts?: number | undefined
  /** The wait before the nth attempt in a row, in milliseconds. Default: 100, 200, 400, … to 5,000. */
  delayMs?: ((attempt: number) => number) | undefined
  /** For tests. Default: the clock. */
  scheduler?: SchedulerLike | undefined
}

/**
 * Goes on where a reading of `stream` was broken off: `attach` is asked for another reading after the last event that was
 * given. A stream that has ended is not asked for again: its end is the same for everybody.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * toObservable(stream)
 *   .pipe(retryResume(stream, (cursor) => sluice.attach({ cursor }, { as })))
 *   .subscribe((event) => log(event))
 * ```
 */
export function retryResume(
  stream: Pick<TokenStream, 'position'>,
  attach: (cursor: string) => TokenStream | Promise<TokenStream>,
  options: RetryResumeOptions = {},
): MonoTypeOperatorFunction<StreamEvent> {
  const { attempts = 5, delayMs = backoffMs, scheduler = asyncScheduler, onUnsubscribe } = options
  requireInteger('attempts', attempts, 1, 1_000)
  return (events) =>
    defer(() => {
      let reading = stream
      let failures = 0
      let ended = false
      const watched = (given: Observable<StreamEvent>): Observable<StreamEvent> =>
        given.pipe(
          tap((event) => {
            failures = 0
            ended = event.type === 'end'
          }),
          catchError((error: unknown) => {
            if (ended || ++failures > attempts) return throwError(() => error)
            return timer(delayMs(failures), scheduler).pipe(switchMap(() => watched(again(reading.position))))
          }),
        )
      const again = (cursor: string): Observable<StreamEvent> =>
        toObservable(
          async () => {
            const found = await attach(cursor)
            reading = found
            return found
          },
          { onUnsubscribe },
        )
      return watched(events)
    })
}

function backoffMs(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 5_000)
}
