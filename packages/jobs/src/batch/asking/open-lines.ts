/** How many lines may have begun and not be written, by all batches of this process, and how long they may be together. */
export class OpenLines {
  readonly #maxLines: number
  readonly #maxBytes: number
  readonly #waiting: Set<() => void> = new Set()
  #lines = 0
  #bytes = 0

  constructor(maxLines: number, maxBytes: number) {
    this.#maxLines = maxLines
    this.#maxBytes = maxBytes
  }

  /** Lines that are open. */
  get lines(): number {
    return this.#lines
  }

  /** Settles once there is room, or with `false` when the signal aborts before. One line fits in any case. */
  async take(bytes: number, signal: AbortSignal): Promise<boolean> {
    while (this.#lines >= this.#maxLines || (this.#lines > 0 && this.#bytes + bytes > this.#maxBytes)) {
      if (signal.aborted) return false
      await new Promise<void>((resolve) => {
        const goOn = (): void => {
          signal.removeEventListener('abort', goOn)
          this.#waiting.delete(goOn)
          resolve()
        }
        signal.addEventListener('abort', goOn)
        this.#waiting.add(goOn)
      })
    }
    if (signal.aborted) return false
    this.#lines++
    this.#bytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#lines--
    this.#bytes -= bytes
    // Each looks for itself whether there is room.
    for (const goOn of this.#waiting) goOn()
  }
}
