import type { Observable, Subscription } from 'rxjs'

/** How many events a consumer has asked for and was not given yet. */
export class Demand {
  #granted = 0
  #over = false
  #waiting: PromiseWithResolvers<void> | undefined

  /** Asks `demand` for as long as `consumer` is subscribed; after its end everything is granted. */
  constructor(demand: Observable<number>, consumer: { add(teardown: Subscription | (() => void)): void }) {
    consumer.add(() => this.#end())
    consumer.add(
      demand.subscribe({
        next: (count) => this.#grant(count),
        error: () => this.#end(),
        complete: () => this.#end(),
      }),
    )
  }

  /** Takes one event of what was granted; waits for it if need be. */
  async granted(): Promise<void> {
    while (this.#granted === 0 && !this.#over) {
      this.#waiting ??= Promise.withResolvers()
      await this.#waiting.promise
    }
    this.#granted = Math.max(0, this.#granted - 1)
  }

  #grant(count: number): void {
    this.#granted += Math.max(0, Math.floor(count) || 0)
    this.#wake()
  }

  #end(): void {
    this.#over = true
    this.#wake()
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
