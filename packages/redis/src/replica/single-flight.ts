/**
 * One question under way, for everybody who asks before it has left this process. Whoever asks later may know of something
 * that the answer does not contain: for all of them together the question is asked once more.
 */
export class SingleFlight<Answer> {
  readonly #ask: () => Promise<Answer>
  #current: Promise<Answer> | undefined
  #next: Promise<Answer> | undefined
  #left = false

  constructor(ask: () => Promise<Answer>) {
    this.#ask = ask
  }

  /** Whether nobody waits for an answer. */
  get idle(): boolean {
    return this.#current === undefined && this.#next === undefined
  }

  get(): Promise<Answer> {
    if (!this.#current) return this.#begin()
    if (!this.#left) return this.#current
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<Answer> {
    this.#next = undefined
    this.#left = false
    // Commands leave at the end of the turn (see `TurnCork`).
    process.nextTick(() => (this.#left = true))
    const current = this.#ask().finally(() => {
      if (this.#current === current) this.#current = undefined
    })
    this.#current = current
    return current
  }
}
