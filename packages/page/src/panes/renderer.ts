/** What a paint costs while the renderer is slow: three frames, as Markdown that is set anew on a poor telephone. */
const SLOW_PAINT_MS = 50
const HIDDEN_FRAME_MS = 1_000

/**
 * The renderer of one pane. A slow one is busy for a while after each paint, and keeps nobody else of the page waiting: else the panes
 * would slow each other down, and prove nothing.
 */
export class Renderer {
  isSlow = false
  #busyUntilMs = 0

  now(): number {
    return performance.now()
  }

  /** Calls `task` with the first frame after `restMs` that the renderer has time for; gives what calls it off. */
  frame(task: () => void, restMs: number): () => void {
    let frame: number | undefined
    const waitMs = Math.max(restMs, this.#busyUntilMs - this.now())
    let timer: ReturnType<typeof setTimeout> | undefined
    if (waitMs > 0) timer = setTimeout(ask, waitMs)
    else ask()
    function ask(): void {
      frame = requestAnimationFrame(call)
      // No frame comes in a page that is not shown.
      timer = setTimeout(call, HIDDEN_FRAME_MS)
    }
    function stop(): void {
      if (frame !== undefined) cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
    function call(): void {
      stop()
      task()
    }
    return stop
  }

  /** It has painted. */
  painted(): void {
    if (this.isSlow) this.#busyUntilMs = this.now() + SLOW_PAINT_MS
  }

  /** How long until it can paint again. */
  get busyMs(): number {
    return Math.max(0, this.#busyUntilMs - this.now())
  }

  isHidden(): boolean {
    return document.hidden
  }

  prefersReducedMotion(): boolean {
    return matchMedia('(prefers-reduced-motion: reduce)').matches
  }
}
