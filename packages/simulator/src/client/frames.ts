import type { Runtime } from '@sluice/core'

/** How fast a page paints. */
export interface Renderer {
  /** Between two frames, in milliseconds. */
  readonly frameMs: number
  /** What painting costs the page each time, in milliseconds. */
  readonly paintMs: number
}

export const RENDERERS: Readonly<Record<'quick' | 'slow', Renderer>> = {
  /** 60 frames a second, and painting is cheap. */
  quick: { frameMs: 1_000 / 60, paintMs: 1 },
  /** Each paint costs three frames: Markdown set anew, a poor telephone. */
  slow: { frameMs: 1_000 / 60, paintMs: 50 },
}

/** The frames of a page, in virtual time. */
export class Frames {
  readonly #runtime: Runtime
  readonly #renderer: Renderer
  readonly #phaseMs: number
  #busyUntilMs = 0

  constructor(runtime: Runtime, renderer: Renderer, phase: number) {
    this.#runtime = runtime
    this.#renderer = renderer
    this.#phaseMs = phase * renderer.frameMs
  }

  now(): number {
    return this.#runtime.now()
  }

  /** Calls `task` before the next frame after `restMs` that the page has time for. */
  frame(task: () => void, restMs = 0): () => void {
    const { frameMs } = this.#renderer
    const nowMs = this.#runtime.now()
    const fromMs = Math.max(nowMs + restMs, this.#busyUntilMs)
    // A frame ends where the next one begins, whatever the fractions say.
    const frames = Math.floor((fromMs - this.#phaseMs) / frameMs + 1e-6) + 1
    return this.#runtime.after(this.#phaseMs + frames * frameMs - nowMs, task)
  }

  /** The page has painted: until it is through, no frame comes. */
  painted(): void {
    this.#busyUntilMs = this.#runtime.now() + this.#renderer.paintMs
  }

  isHidden(): boolean {
    return false
  }

  prefersReducedMotion(): boolean {
    return false
  }
}
