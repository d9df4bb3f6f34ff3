import { TOKEN_CHARS } from '../traffic/fixtures.ts'

/** Tokens that are looked for elsewhere in the text to tell a gap from a repetition. */
const SAMPLE_TOKENS = 6

/** Whether `text` is `expected`, and else whether something is missing in it or comes twice. */
export function faultBetween(text: string, expected: string): 'none' | 'gap' | 'duplicate' | 'other' {
  if (text === expected) return 'none'
  let at = 0
  while (at < text.length && text[at] === expected[at]) at++
  at -= at % TOKEN_CHARS
  if (at >= text.length) return 'gap'
  const sample = text.slice(at, at + SAMPLE_TOKENS * TOKEN_CHARS)
  if (expected.indexOf(sample, at) !== -1) return 'gap'
  if (at >= expected.length || expected.slice(0, at + sample.length).includes(sample)) return 'duplicate'
  return 'other'
}
