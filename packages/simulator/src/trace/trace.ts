/** What a model gives, and when: the same for every policy. */
export interface Trace {
  readonly name: string
  /** When each token is there, in milliseconds since the stream began; never earlier than the one before. */
  readonly atMs: Float64Array
  /** UTF-16 units of each token. */
  readonly chars: Uint16Array
}

/** Tokens a second, from the first token to the last. */
export function rateOf({ atMs }: Trace): number {
  const spanMs = atMs.at(-1)! - atMs[0]!
  return spanMs > 0 ? ((atMs.length - 1) * 1_000) / spanMs : Infinity
}

const LETTERS = 'etaoin shrdlu cmfwyp vbgkq jxz '.repeat(4_096)

/** A text of so many tokens, of the lengths that a trace says. */
export function textOf({ chars }: Trace): string[] {
  let at = 0
  return Array.from(chars, (count) => {
    if (at + count > LETTERS.length) at = 0
    return LETTERS.slice(at, (at += count))
  })
}
