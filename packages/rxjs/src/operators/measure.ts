import type { StreamEvent } from '@sluice/core'
import { asyncScheduler, defer, type MonoTypeOperatorFunction, type SchedulerLike, tap } from 'rxjs'

/** How an answer has come so far, as this subscriber has seen it. */
export interface Measurement {
  /** From subscribing to the first event of the answer; `undefined` before it. */
  readonly firstMs: number | undefined
  /** Between the latest two events. */
  readonly gapMs: number | undefined
  readonly longestGapMs: number
  /** Events so far, `end` left out. Tokens that came together are one event. */
  readonly events: number
  /** Events a second since the first; `undefined` while there is only one moment. */
  readonly eventsPerSecond: number | undefined
}

/**
 * Lets events pass, and reports after each of them, `end` left out, how they have come.
 *
 * @example
 * ```ts
 * toObservable(stream).pipe(measure(({ firstMs }) => log(firstMs))).subscribe()
 * ```
 */
export function measure(
  report: (measurement: Measurement) => void,
  scheduler: SchedulerLike = asyncScheduler,
): MonoTypeOperatorFunction<StreamEvent> {
  return (events) =>
    defer(() => {
      const beganMs = scheduler.now()
      let firstAtMs: number | undefined
      let lastAtMs: number | undefined
      let longestGapMs = 0
      let count = 0
      return events.pipe(
        tap((event) => {
          if (event.type === 'end') return
          const now = scheduler.now()
          const gapMs = lastAtMs === undefined ? undefined : now - lastAtMs
          longestGapMs = Math.max(longestGapMs, gapMs ?? 0)
          firstAtMs ??= now
          lastAtMs = now
          count++
          const spanMs = now - firstAtMs
          const eventsPerSecond = spanMs > 0 ? ((count - 1) * 1000) / spanMs : undefined
          report({ firstMs: firstAtMs - beganMs, gapMs, longestGapMs, events: count, eventsPerSecond })
        }),
      )
    })
}
