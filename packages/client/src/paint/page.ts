/** What painting uses of the page, or of the process. */
export interface PaintPage {
  /** Monotonic milliseconds. */
  now(): number
  /** Calls `task` before the first frame after `restMs`, and in a page that is not shown in a second or two; gives what calls it off. */
  frame(task: () => void, restMs: number): () => void
  /** Whether nobody sees it. */
  isHidden(): boolean
  /** Whether its reader has asked for less motion. */
  prefersReducedMotion(): boolean
}

const HIDDEN_FRAME_MS = 1_000
/** Where nothing is painted, so that what is written is written in good time. */
const NO_FRAME_MS = 16

/** This page, or this process. */
export function createPaintPage(): PaintPage {
  return {
    now: () => performance.now(),
    frame(task, restMs) {
      let frame: number | undefined
      let timer: ReturnType<typeof setTimeout> | undefined
      // A frame that is asked for costs its page something, whether anything is done in it or not.
      if (restMs > 0) timer = setTimeout(ask, restMs)
      else ask()
      function ask(): void {
        // No frame comes in a page that is not shown, and one as soon as it is shown again.
        frame = globalThis.requestAnimationFrame?.(call)
        timer = setTimeout(call, frame ? HIDDEN_FRAME_MS : NO_FRAME_MS)
      }
      function stop(): void {
        if (frame) cancelAnimationFrame(frame)
        clearTimeout(timer)
      }
      function call(): void {
        stop()
        task()
      }
      return stop
    },
    isHidden: () => globalThis.document?.hidden ?? false,
    prefersReducedMotion: () => globalThis.matchMedia?.('(prefers-reduced-motion)').matches ?? false,
  }
}
