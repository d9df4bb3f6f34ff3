import type { EndEvent } from '@sluice/core'
import { drainMicrotasks } from '@sluice/testing'

import type { ClientEvent } from '../../src/buffer/event-ring.ts'
import { Painter, type PaintOptions } from '../../src/paint/paint.ts'
import type { ClientStream } from '../../src/stream/client-stream.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

/** A page with frames on a clock that a test moves, and a stream that says what the test lets it. */
export class PaintedPage {
  nowMs = 0
  reducedMotion = false
  /** What was written, and when. */
  readonly writes: { piece: string; atMs: number }[] = []
  frames = 0
  readonly painter: Painter
  #frame: (() => void) | undefined
  readonly #queue: ClientEvent[] = []
  #wake: (() => void) | undefined
  #detached = false
  #end: EndEvent | undefined

  constructor(options: PaintOptions = {}, { reducedMotion = false } = {}) {
    this.reducedMotion = reducedMotion
    const page = {
      now: () => this.nowMs,
      frame: (task: () => void) => {
        if (this.#frame) throw new Error('Two frames were asked for.')
        this.#frame = task
        return () => (this.#frame = undefined)
      },
      prefersReducedMotion: () => this.reducedMotion,
    }
    const target = (piece: string): void => void this.writes.push({ piece, atMs: this.nowMs })
    this.painter = new Painter(page, this.#stream(), { target, options })
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
      this.#frame = undefined
      if (frame) this.frames++
      frame?.()
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
      get end() {
        return endOf()
      },
    }
    return stream as unknown as ClientStream
  }
}
