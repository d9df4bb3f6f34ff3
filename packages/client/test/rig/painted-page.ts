import type { EndEvent } from '@sluice/core'
import { drainMicrotasks } from '@sluice/testing'

import type { ClientEvent } from '../../src/buffer/event-ring.ts'
import { type Painting, paintOn, type PaintOptions } from '../../src/paint/paint.ts'
import type { ClientStream } from '../../src/stream/client-stream.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

/** A page with frames on a clock that a test moves, and a stream that says what the test lets it. */
export class PaintedPage {
  nowMs = 0
  reducedMotion = false
  hidden = false
  /** What was written, and when. */
  readonly writes: { piece: string; atMs: number }[] = []
  frames = 0
  readonly painting: Painting
  #frame: { task: () => void; notBeforeMs: number } | undefined
  readonly #painted: ClientStream
  readonly #queue: ClientEvent[] = []
  #wake: (() => void) | undefined
  #detached = false
  #end: EndEvent | undefined

  constructor(options: PaintOptions = {}, { reducedMotion = false, paintMs = 0 } = {}) {
    this.reducedMotion = reducedMotion
    const page = {
      now: () => this.nowMs,
      frame: (task: () => void, restMs: number) => {
        if (this.#frame) throw new Error('Two frames were asked for.')
        this.#frame = { task, notBeforeMs: this.nowMs + restMs }
        return () => (this.#frame = undefined)
      },
      isHidden: () => this.hidden,
      prefersReducedMotion: () => this.reducedMotion,
    }
    const target = (piece: string): void => {
      this.writes.push({ piece, atMs: this.nowMs })
      this.nowMs += paintMs
    }
    this.#painted = this.#stream()
    this.painting = paintOn(page, this.#painted, target, options)
  }

  get text(): string {
    return this.writes.map(({ piece }) => piece).join('')
  }

  get isIdle(): boolean {
    return this.#frame === undefined
  }

  async say(...texts: string[]): Promise<void> {
    this.#queue.push(...texts.map((text) => ({ type: 'text', text }) as const))
    this.#wake?.()
    await drainMicrotasks()
  }

  /** Asks as a link does which has read a piece: settles when the painter wants to be given more. */
  rest(): Promise<void> | undefined {
    return this.#painted.rest?.()
  }

  async end(): Promise<void> {
    this.#end = END
    this.#queue.push(END)
    this.#wake?.()
    await drainMicrotasks()
  }

  /** Lets so many frames pass, each after `frameMs`. */
  async pass(frames: number, frameMs = 16): Promise<void> {
    for (let index = 0; index < frames; index++) {
      this.nowMs += frameMs
      const frame = this.#frame
      if (frame && frame.notBeforeMs <= this.nowMs) {
        this.#frame = undefined
        this.frames++
        frame.task()
      }
      await drainMicrotasks()
    }
  }

  #stream(): ClientStream {
    const next = (): ClientEvent | undefined => this.#queue.shift()
    const wait = (): Promise<void> => new Promise((resolve) => (this.#wake = resolve))
    const isOver = (): boolean => this.#detached
    const events = async function* (): AsyncGenerator<ClientEvent> {
      while (!isOver()) {
        const event = next()
        if (event) yield event
        else await wait()
        if (event?.type === 'end') return
      }
    }
    const detach = (): void => {
      this.#detached = true
      this.#wake?.()
    }
    const endOf = (): EndEvent | undefined => this.#end
    const stream = {
      [Symbol.asyncIterator]: events,
      detach,
      get ended() {
        const end = endOf()
        return end ? Promise.resolve(end) : Promise.reject(new Error('Its reader left the stream.'))
      },
    }
    return stream as unknown as ClientStream
  }
}
