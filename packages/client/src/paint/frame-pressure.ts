import { eventsBefore } from '../machine/place.ts'
import type { ClientStream } from '../stream/client-stream.ts'

/** Is told each frame of a painting, and may hold its stream back. */
export type PaintPressure = (stream: ClientStream, frameMs: number, nowMs: number) => void

/** How often it is decided. */
const TICK_MS = 250
/** A frame that takes longer is a slow one: at 60 Hz every other one is missed. */
const SLOW_MS = 40
/** What is allowed lasts a little longer than until the next time. */
const AHEAD_S = 0.5
const LEAST_PER_S = 20
/** So many good ticks in a row, and nothing is held back any more. */
const GOOD_TICKS = 6
const UNLIMITED = 2 ** 31

/**
 * Slows the server down while the page takes too long for its frames, and lets it go again: `paint`'s option `pressure`. It
 * grants credit, for which the reading must have a name: one that a request started is made anew for that, after its cursor.
 *
 * @example
 * ```ts
 * const painting = paint(myStream, myElement, { pressure: framePressure() })
 * ```
 */
export function framePressure(): PaintPressure {
  let [sinceMs, sinceEvents, frames, goodTicks] = [0, 0, 0, 0]
  /** Events a second that are allowed, while there is a limit. */
  let limit = Infinity
  let idle: ReturnType<typeof setTimeout> | undefined

  function begin(stream: ClientStream, nowMs: number): void {
    ;[sinceMs, sinceEvents, frames] = [nowMs, eventsBefore(stream.cursor), 1]
  }

  function speedUp(): void {
    limit *= 1.5
    if (++goodTicks >= GOOD_TICKS) limit = Infinity
  }

  function grant(stream: ClientStream): void {
    clearTimeout(idle)
    if (stream.status === 'ended') return
    const credit = limit === Infinity ? UNLIMITED : Math.ceil(limit * AHEAD_S)
    // What is refused or lost is granted anew in a moment.
    stream.ack({ credit }).then(
      (readings) => {
        if (readings === 0) stream.reattach()
      },
      () => undefined,
    )
    if (limit === Infinity) return
    // A page that has nothing to paint has no frames: it waits for what is not granted, and can take more.
    idle = setTimeout(() => {
      speedUp()
      grant(stream)
    }, AHEAD_S * 1_000)
  }

  return (stream, frameMs, nowMs) => {
    // The first frame, and the first one after a silence, say nothing.
    if (frames === 0 || frameMs > 1_000) return begin(stream, nowMs)
    frames++
    const passedMs = nowMs - sinceMs
    if (passedMs < TICK_MS) return
    const rate = ((eventsBefore(stream.cursor) - sinceEvents) * 1_000) / passedMs
    const meanMs = passedMs / (frames - 1)
    begin(stream, nowMs)
    if (meanMs > SLOW_MS) {
      limit = Math.max(LEAST_PER_S, 0.6 * Math.min(limit, rate))
      goodTicks = 0
    } else if (limit === Infinity) return
    else speedUp()
    grant(stream)
  }
}
