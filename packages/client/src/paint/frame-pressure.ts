import { eventsBefore } from '../machine/place.ts'
import type { ClientStream } from '../stream/client-stream.ts'

/** Is told each frame of a painting, and how much later it came for what the page did: may hold its stream back. */
export type PaintPressure = (stream: ClientStream, lateMs: number, nowMs: number) => void

/** How often it is decided. */
const TICK_MS = 250
/** A frame that is later is a slow one. At 60 Hz one that is asked for comes within 17 ms. */
const SLOW_MS = 24
/** What is allowed lasts a little longer than until the next time. */
const AHEAD_S = 0.5
const LEAST_PER_S = 20
/** So many good ticks in a row, and what is allowed is not used up: nothing is held back any more. */
const GOOD_TICKS = 6
/** What was granted is not taken back: a page that grows slow again must not have to wait for all of it. */
const MOST_TIMES_USED = 4

/**
 * Slows the server down while the page takes too long for its frames, and lets it go again: `paint`'s option `pressure`. It
 * grants credit, for which the reading must have a name: one that a request started is made anew for that, after its cursor,
 * and so is one that is let go.
 *
 * @example
 * ```ts
 * const painting = paint(myStream, myElement, { pressure: framePressure() })
 * ```
 */
export function framePressure(): PaintPressure {
  let [sinceMs, sinceEvents, frames, allLateMs, goodTicks] = [0, 0, 0, 0, 0]
  /** Events a second that are allowed, while there is a limit. */
  let limit = Infinity
  let hasBegun = false
  let slowedMs = -Infinity
  let idle: ReturnType<typeof setTimeout> | undefined

  function begin(stream: ClientStream, nowMs: number): void {
    ;[sinceMs, sinceEvents, frames, allLateMs] = [nowMs, eventsBefore(stream.cursor), 0, 0]
    hasBegun = true
  }

  /** First a little, so that it stays near what the page can do; then more and more, for it may be free again. */
  function speedUp(rate: number): void {
    const more = limit * (1 + ++goodTicks / 4)
    limit = rate > 0 ? Math.max(limit, Math.min(more, MOST_TIMES_USED * rate)) : more
    if (goodTicks >= GOOD_TICKS && rate < limit / 2) limit = Infinity
  }

  function grant(stream: ClientStream): void {
    clearTimeout(idle)
    if (stream.status === 'ended') return
    // A new reading has no limit until it is given one.
    if (limit === Infinity) return stream.reattach()
    // What is refused or lost is granted anew in a moment.
    stream.ack({ credit: Math.ceil(limit * AHEAD_S) }).then(
      (readings) => {
        if (readings === 0) stream.reattach()
      },
      () => undefined,
    )
    // A page that has nothing to paint has no frames: it waits for what is not granted, and can take more.
    idle = setTimeout(() => {
      speedUp(0)
      grant(stream)
    }, AHEAD_S * 1_000)
  }

  return (stream, lateMs, nowMs) => {
    // The first frame, and the first one after a silence, say nothing.
    if (!hasBegun || lateMs > 1_000) return begin(stream, nowMs)
    frames++
    allLateMs += lateMs
    const passedMs = nowMs - sinceMs
    if (passedMs < TICK_MS) return
    const rate = ((eventsBefore(stream.cursor) - sinceEvents) * 1_000) / passedMs
    const meanMs = allLateMs / frames
    begin(stream, nowMs)
    if (meanMs > SLOW_MS) {
      goodTicks = 0
      // What was granted before is still on its way: it is not known yet whether less is enough.
      if (nowMs - slowedMs >= 1_000 * AHEAD_S) {
        slowedMs = nowMs
        limit = Math.max(LEAST_PER_S, 0.6 * Math.min(limit, rate))
      }
    } else if (limit === Infinity) return
    else speedUp(rate)
    grant(stream)
  }
}
