/** How long anything may take that a test does not bound itself. */
export const PATIENCE_MS = 25_000

/** Something whose changes can be awaited. */
export class Watched {
  readonly #waiting: Set<() => void> = new Set()

  /** To be called after each change. */
  protected changed(): void {
    for (const look of this.#waiting) look()
  }

  /** Calls `look` after each change. */
  watch(look: () => void): void {
    this.#waiting.add(look)
  }

  /** Resolves once `holds` gives something; looks after each change. Never waits for ever. */
  until<Value>(
    what: string,
    holds: (self: this) => Value | undefined | false,
    withinMs: number = PATIENCE_MS,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const value = holds(this)
        if (value === undefined || value === false) return
        done()
        resolve(value)
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`${what}: not within ${withinMs} ms; ${this.toString()}`))
      }, withinMs)
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

/** Asks again and again, where nothing tells of a change: what stands in Redis, or in another process. */
export async function eventually<Value>(
  what: string,
  probe: () => Value | undefined | false | Promise<Value | undefined | false>,
  withinMs: number = PATIENCE_MS,
): Promise<Value> {
  const giveUpMs = performance.now() + withinMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > giveUpMs) throw new Error(`${what}: not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
