/** Who is told of something. */
export interface Listeners {
  /** Gives what stops it. */
  add(listener: () => void): () => void
  /** Tells them. They cannot change what they are told of: what one throws is reported, where there is somebody to report it to. */
  tell(): void
}

/** Nobody, to begin with. */
export function createListeners(): Listeners {
  const listeners = new Set<() => void>()
  return {
    add(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell() {
      for (const listener of listeners) {
        try {
          listener()
        } catch (error) {
          globalThis.reportError?.(error)
        }
      }
    },
  }
}
