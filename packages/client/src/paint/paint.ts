import type { EndEvent } from '@sluice/core'

import { cutError } from '../errors/client-error.ts'
import type { ClientEvent } from '../buffer/event-ring.ts'
import type { ClientStream } from '../stream/client-stream.ts'
import { cutAtGrapheme } from './graphemes.ts'
import type { PaintPressure } from './frame-pressure.ts'
import { createPaintPage, type PaintPage } from './page.ts'
import { Release } from './release.ts'
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
  return new Painter(createPaintPage(), stream, { target, options })
}

/** Carries a {@link paint} out, on any page. @internal */
export class Painter implements Painting {
  readonly done: Promise<EndEvent>
  readonly #page: PaintPage
  readonly #stream: ClientStream
  readonly #select: (event: ClientEvent) => string | undefined
  readonly #write: (piece: string) => void
  readonly #release: Release
  readonly #isSmooth: boolean
  readonly #pressure: PaintPressure | undefined
  #stopFrame: (() => void) | undefined
  /** Between two frames, as it was of late. */
  #frameMs = 16
  #framedMs = 0
  #pending = ''
  #shown = 0
  #onSettled: (() => void) | undefined

  constructor(page: PaintPage, stream: ClientStream, how: { target: PaintTarget; options: PaintOptions | undefined }) {
    const { lagMs = LAG_MS, placeholder, select = textOf, pressure } = how.options ?? {}
    this.#page = page
    this.#stream = stream
    this.#select = select
    this.#pressure = pressure
    this.#write = createWriter(how.target, placeholder)
    this.#isSmooth = lagMs > 0 && !page.prefersReducedMotion()
    this.#release = new Release(lagMs || 1)
    this.done = this.#read()
    this.done.catch(() => undefined)
  }

  flush(): void {
    this.#show(this.#pending.length)
  }

  stop(): void {
    this.#stopFrame?.()
    this.#pending = ''
    this.#onSettled?.()
    this.#stream.detach()
  }

  async #read(): Promise<EndEvent> {
    try {
      for await (const event of this.#stream) {
        const text = this.#select(event)
        if (text) this.#add(text)
      }
      if (this.#pending !== '') await new Promise<void>((resolve) => (this.#onSettled = resolve))
    } catch (error) {
      this.flush()
      throw error
    } finally {
      this.stop()
    }
    if (this.#stream.end) return this.#stream.end
    throw cutError('The painting was stopped before the end of its stream.')
  }

  #add(text: string): void {
    const nowMs = this.#page.now()
    this.#pending += text
    this.#release.add(text.length, nowMs)
    if (!this.#stopFrame) this.#framedMs = nowMs
    this.#ask()
  }

  #frame(): void {
    this.#stopFrame = undefined
    const nowMs = this.#page.now()
    const frameMs = nowMs - this.#framedMs
    this.#framedMs = nowMs
    this.#frameMs += (Math.min(frameMs, 1_000) - this.#frameMs) / 8
    this.#pressure?.(this.#stream, frameMs, nowMs)
    // What is due before the next frame comes is due with this one.
    const due = this.#release.due(nowMs + this.#frameMs) - this.#shown
    const length = this.#pending.length
    // The last character may go on with what comes next: it is kept back, though not for longer than its time.
    const most = this.#release.isPast ? length : Math.min(this.#isSmooth ? due : length, length - 1)
    this.#show(most < length ? cutAtGrapheme(this.#pending, Math.max(0, most)) : length)
    if (this.#pending !== '') this.#ask()
  }

  #ask(): void {
    this.#stopFrame ??= this.#page.frame(() => this.#frame())
  }

  #show(chars: number): void {
    if (chars === 0) return
    this.#shown += chars
    this.#write(this.#pending.slice(0, chars))
    this.#pending = this.#pending.slice(chars)
    if (this.#pending === '') this.#onSettled?.()
  }
}

function textOf(event: ClientEvent): string | undefined {
  return event.type === 'text' && !event.choice ? event.text : undefined
}
