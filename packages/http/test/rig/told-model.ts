import type { Source } from '@sluice/core'

/** A model that says its next word whenever it is told to, and knows whether it was stopped. */
export class ToldModel {
  readonly stopped: string[] = []
  #say: (() => void) | undefined
  #words: (string | undefined)[] = []

  readonly source =
    (chat: string): Source =>
    ({ signal }) => {
      signal.addEventListener('abort', () => this.stopped.push(chat))
      return this.#read(signal)
    }

  say(...words: (string | undefined)[]): void {
    this.#words.push(...words)
    this.#say?.()
  }

  async *#read(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    while (!signal.aborted) {
      if (this.#words.length === 0) await new Promise<void>((resolve) => (this.#say = resolve))
      const word = this.#words.shift()
      if (word === undefined) return
      yield word
    }
  }
}
