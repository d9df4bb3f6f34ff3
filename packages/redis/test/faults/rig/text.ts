/** What the sources of these tests say: every token names its place, so that a run of text says where it is from. */
const TAILS = [' ', 'é ', '😀', '\n'] as const

/** Token number `index`, counted from 0. */
export function tokenAt(index: number): string {
  return `${index}${TAILS[index % TAILS.length]}`
}

/** Tokens `from` up to, not including, `to`. */
export function textBetween(from: number, to: number): string {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => tokenAt(from + index)).join('')
}

/**
 * How many tokens from `from` on `text` is, without a gap, a duplicate or a torn token.
 *
 * @throws Error where it is anything else (contract 1)
 */
export function countTokens(text: string, from = 0): number {
  let at = 0
  for (let index = from; ; index++) {
    if (at === text.length) return index - from
    const token = tokenAt(index)
    if (!text.startsWith(token, at)) {
      throw new Error(
        `token ${index} is expected after ${JSON.stringify(text.slice(Math.max(0, at - 40), at))}, not ${JSON.stringify(text.slice(at, at + 40))}`,
      )
    }
    at += token.length
  }
}
