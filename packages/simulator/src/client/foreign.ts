import type { ClientKind } from './client.ts'

/** Paints what has come with the next frame: what a page does that appends each piece to its text. */
export const foreignClient: ClientKind = (frames, onPainted) => {
  let pending = 0
  function paint(): void {
    const chars = pending
    pending = 0
    frames.painted()
    onPainted(chars)
  }
  return {
    arrived(chars) {
      if (chars > 0 && pending === 0) frames.frame(paint)
      pending += chars
    },
    over: () => undefined,
  }
}
