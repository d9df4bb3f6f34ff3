import type { SourceContext } from '@sluice/core'

export const PIECES = Array.from({ length: 50 }, (_, index) => `${index}·👩🏽‍🚀 `)

/** Says all {@link PIECES}. */
export const say = (): string[] => PIECES

/** A source that says one piece, then what is told to it, then the rest. */
export async function* conversing({ inbox, signal }: SourceContext): AsyncGenerator<string> {
  yield 'first'
  for await (const message of inbox) {
    if (message === 'stop' || signal.aborted) break
    yield JSON.stringify(message)
  }
}
