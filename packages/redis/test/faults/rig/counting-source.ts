import type { Source } from '@sluice/core'

import { countTokens, tokenAt } from './text.ts'

/** What the source named `count` is given. */
export interface Counting {
  /** After so many it finishes. */
  readonly tokens: number
  /** Pause before each token, in milliseconds; 0 is a turn of the event loop. */
  readonly everyMs: number
}

/** Counts on from where its predecessor stopped, at an even pace; what to count stands in its input. */
export const countingSource: Source = (context) => countingOn(context.input as unknown as Counting)(context)

/** The same, for one instance alone: nobody else can run it. */
export function countingOn({ tokens, everyMs }: Counting): Source {
  return async function* ({ prefix, signal }) {
    for (let index = countTokens(prefix); index < tokens && !signal.aborted; index++) {
      await new Promise((resolve) => (everyMs > 0 ? setTimeout(resolve, everyMs) : setImmediate(resolve)))
      yield tokenAt(index)
    }
  }
}

/** A source that gives tokens when the test says so. */
export class Tap {
  /** Tokens given so far. */
  given = 0
  /** How often it was called. */
  runs = 0
  /** Tokens let through so far. */
  poured = 0
  #finished = false
  #wake: () => void = () => {}

  /** Lets `count` more tokens through. */
  pour(count: number): void {
    this.poured += count
    this.#wake()
  }

  /** Nothing follows what was poured. */
  finish(): void {
    this.#finished = true
    this.#wake()
  }

  readonly source: Source = ({ signal }) => {
    this.runs++
    signal.addEventListener('abort', () => this.#wake())
    return this.#flow(signal)
  }

  async *#flow(signal: AbortSignal): AsyncGenerator<string> {
    while (!signal.aborted) {
      if (this.given < this.poured) yield tokenAt(this.given++)
      else if (this.#finished) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
