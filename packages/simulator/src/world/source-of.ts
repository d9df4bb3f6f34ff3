import type { Runtime } from '@sluice/core'

import { textOf, type Trace } from '../trace/trace.ts'

/** A source that gives each token of `trace` when it is due, or at once when it was not asked for in time: it was there. */
export function sourceOf(
  trace: Trace,
  clock: Pick<Runtime, 'now' | 'after'>,
  onYield: (chars: number) => void,
): () => AsyncIterable<string> {
  const texts = textOf(trace)
  return () => {
    let next = 0
    const give = (): IteratorResult<string, undefined> => {
      const value = texts[next++]
      if (value === undefined) return { done: true, value }
      onYield(value.length)
      return { done: false, value }
    }
    return {
      [Symbol.asyncIterator]: () => ({
        next() {
          const waitMs = (trace.atMs[next] ?? 0) - clock.now()
          if (waitMs <= 0) return Promise.resolve(give())
          return new Promise((resolve) => void clock.after(waitMs, () => resolve(give())))
        },
      }),
    }
  }
}
