import type { EndEvent } from '@sluice/core'

import type { ClientEvent } from '../buffer/event-ring.ts'
import type { ClientStream } from '../stream/client-stream.ts'
import { cutAtGrapheme } from './graphemes.ts'
import type { PaintPressure } from './frame-pressure.ts'
import { createPaintPage, type PaintPage } from './page.ts'
import { createWriter, type PaintTarget } from './text-target.ts'

/** Options of {@link paint}. */
export interface PaintOptions {
  /**
   * How far the picture may be behind what has come, in milliseconds: a burst is spread over so long. 0 paints everything with
   * the next frame, as does a reader who prefers reduced motion.
   *
   * @defaultValue 120
   */
  lagMs?: number | undefined
  /** Stands in an element until the first text. */
  placeholder?: string | Node | undefined
  /**
   * The text of an event that is painted.
   * @defaultValue that of choice 0
   */
  select?: ((event: ClientEvent) => string | undefined) | undefined
  /** Is told how long frames take, and may slow the server down: `framePressure()`. */
  pressure?: PaintPressure | undefined
}

/** Text that came at one time: it is due evenly from then on, over what the picture may be behind. */
interface Piece {
  readonly atMs: number
  chars: number
}

/** A stream that is being painted. */
export interface Painting {
  /** The stream's end, once all of its text is there; rejects where reading is over without one. */
  readonly done: Promise<EndEvent>
  /** Paints at once what has come. */
  flush(): void
  /** Paints no more, and leaves the stream, which may go on. */
  stop(): void
}

const LAG_MS = 120
/** Between a frame and asking for the next one: at 60 Hz every other one is painted, which the eye does not see of text. */
const REST_MS = 24
/** The same while a burst is spread, of which each update shows lines: every third one. */
const BURST_REST_MS = 45
const BURST_CHARS = 128
const HURRY_MS = 30
const TOGETHER_MS = 4

/**
 * Paints the text of a stream as it comes: one update a frame at most, whole characters only, bursts spread evenly. Reading
 * goes on while the page is hidden, and all is there when it is shown again.
 *
 * @example
 * ```ts
 * const painting = paint(start('/v1/streams', { messages }), document.querySelector('#answer')!)
 * const { complete } = await painting.done
 * ```
 */
export function paint(stream: ClientStream, target: PaintTarget, options?: PaintOptions): Painting {
  return paintOn(createPaintPage(), stream, target, options)
}

/** Carries a {@link paint} out, on any page. @internal */
export function paintOn(
  page: PaintPage,
  stream: ClientStream,
  target: PaintTarget,
  { lagMs = LAG_MS, placeholder, select = textOf, pressure }: PaintOptions = {},
): Painting {
  const write = createWriter(target, placeholder)
  const isReduced = page.prefersReducedMotion()
  // What is read may have come while it rested. Two updates are enough for a burst.
  const heldMs = Math.max(1, lagMs - HURRY_MS)
  let restMs = REST_MS
  /** What is not due as a whole. */
  let pieces: Piece[] = []
  /** The frame that was asked for. */
  let next: PromiseWithResolvers<void> | undefined
  let stopFrame: (() => void) | undefined
  /** The latest frame; what follows it rests a while. */
  let framedMs = -Infinity
  /** When the frame that was asked for may come. */
  let dueMs = 0
  /** What the latest painting took by itself. */
  let spentMs = 0
  let pending = ''

  async function read(): Promise<EndEvent> {
    try {
      for await (const event of stream) {
        const text = select(event)
        if (text) add(text)
      }
      while (pending) await ask()
    } catch (error) {
      flush()
      throw error
    } finally {
      stop()
    }
    return stream.ended
  }

  function add(text: string): void {
    pending += text
    const atMs = page.now()
    const last = pieces.at(-1)
    // What came together is due together: of each piece a character would be kept back.
    if (last && atMs - last.atMs < TOGETHER_MS) last.chars += text.length
    else pieces.push({ chars: text.length, atMs })
    void ask()
  }

  /** Asks for a frame, once; settles with it. */
  function ask(): Promise<void> {
    if (!next) {
      next = Promise.withResolvers()
      const nowMs = page.now()
      dueMs = Math.max(nowMs, framedMs + restMs)
      stopFrame = page.frame(frame, dueMs - nowMs)
    }
    return next.promise
  }

  function frame(): void {
    next?.resolve()
    next = undefined
    const nowMs = page.now()
    // Nobody waits for the first words, nor for what was there before; their last character may still go on.
    if (framedMs < 0) pieces = [{ chars: 1, atMs: nowMs }]
    framedMs = nowMs
    const lateMs = framedMs - dueMs
    pressure?.(stream, lateMs + spentMs, framedMs)
    if (pending.length > BURST_CHARS) restMs = BURST_REST_MS
    // What is due before the next frame comes is due with this one.
    let chars = 0
    pieces = pieces.filter((piece) => {
      const held = Math.ceil(piece.chars * (1 - (framedMs + restMs + lateMs - piece.atMs) / heldMs))
      if (held > 0) chars += held
      return held > 0
    })
    // The last character may go on with what comes next: it is kept back, though not for longer than its time.
    const kept = isReduced ? Math.min(1, chars) : chars
    show(cutAtGrapheme(pending, Math.max(0, pending.length - kept)))
    spentMs = page.now() - framedMs
    if (pending) void ask()
    else restMs = REST_MS
  }

  function show(chars: number): void {
    if (!chars) return
    const piece = pending.slice(0, chars)
    // First: what a target throws is thrown once, and not with every frame for ever.
    pending = pending.slice(chars)
    write(piece)
  }

  function flush(): void {
    show(pending.length)
  }

  function stop(): void {
    stopFrame?.()
    next?.resolve()
    pending = ''
    stream.detach()
  }

  // Text that comes in drops is read once a frame: each drop would wake the page.
  stream.rest = () => (page.isHidden() ? undefined : ask())
  const done = read()
  done.catch(() => undefined)
  return { done, flush, stop }
}

function textOf(event: ClientEvent): string | undefined {
  return event.type === 'text' && !event.choice ? event.text : undefined
}
