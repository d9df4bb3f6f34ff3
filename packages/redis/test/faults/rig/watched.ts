import { until, within } from '@sluice/testing/patience'

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
    let look = (): void => {}
    const held = new Promise<Value>((resolve) => {
      look = () => {
        const value = holds(this)
        if (value === undefined || value === false) return
        this.#waiting.delete(look)
        resolve(value)
      }
      this.#waiting.add(look)
      look()
    })
    return within(held, () => `${what}; ${this.toString()}`, withinMs).finally(() => this.#waiting.delete(look))
  }
}

/** Asks again and again, where nothing tells of a change: what stands in Redis, or in another process. */
export function eventually<Value>(
  what: string,
  probe: () => Value | Promise<Value>,
  withinMs: number = PATIENCE_MS,
): Promise<Exclude<Value, false | undefined>> {
  return until(probe, what, withinMs)
}
