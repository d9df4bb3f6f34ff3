import type { Source } from '@sluice/core'

/** A model that says its next words when it is told to, and knows who stopped it. */
export class ToldModel {
  readonly stopped: string[] = []
  #wake: (() => void) | undefined
  readonly #words: (string | Error | undefined)[] = []

  /** Words; `undefined` ends the answer, an error fails it. */
  say(...words: (string | Error | undefined)[]): void {
    this.#words.push(...words)
    this.#wake?.()
  }

  sourceFor(chat: string): Source {
    return ({ signal }) => {
      signal.addEventListener('abort', () => {
        this.stopped.push(chat)
        this.#wake?.()
      })
      return this.#speak(signal)
    }
  }

  async *#speak(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    while (!signal.aborted) {
      if (this.#words.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (signal.aborted) return
      const word = this.#words.shift()
      if (word === undefined) return
      if (word instanceof Error) throw word
      yield word
    }
  }
}
