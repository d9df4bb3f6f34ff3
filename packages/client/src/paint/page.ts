/** What painting uses of the page, or of the process. */
export interface PaintPage {
  now(): number
  /** Calls `task` before the next frame, and in a page that is not shown after a second; gives what calls it off. */
  frame(task: () => void): () => void
  prefersReducedMotion(): boolean
}

const HIDDEN_FRAME_MS = 1_000
/** Where nothing is painted, so that what is written is written in good time. */
const NO_FRAME_MS = 16

/** This page, or this process. */
export function createPaintPage(): PaintPage {
  return {
    now: () => performance.now(),
    frame(task) {
      // No frame comes in a page that is not shown, and one as soon as it is shown again.
      const asks = typeof requestAnimationFrame === 'function'
      const frame = asks ? requestAnimationFrame(call) : 0
      const timer = setTimeout(call, asks ? HIDDEN_FRAME_MS : NO_FRAME_MS)
      function stop(): void {
        if (asks) cancelAnimationFrame(frame)
        clearTimeout(timer)
      }
      function call(): void {
        stop()
        task()
      }
      return stop
    },
    prefersReducedMotion: () => globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false,
  }
}
