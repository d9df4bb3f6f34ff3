/** What JSON is built with, in UTF-8. */
export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const BRACKET_OPEN = 0x5b
export const ESCAPE = 0x5c
export const BRACKET_CLOSE = 0x5d
export const BRACE_OPEN = 0x7b
export const BRACE_CLOSE = 0x7d

/** Quotes that are looked at in one step: each is found by a call. */
const QUOTES_PER_STEP = 64 * 1024

/** A byte order mark within JSON is a character like any other, or a mistake. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws TypeError where `bytes` are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes)
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The first place from `at` on, before `end`, where there is something. */
export function skipSpace(bytes: Uint8Array, at: number, end: number = bytes.length): number {
  let next = at
  while (next < end && isSpace(bytes[next])) next++
  return next
}

/** Just behind the quote that closes the string at `start`; -1 where none does. Pauses among very many escaped quotes. */
export function* endOfString(bytes: Uint8Array, start: number): Generator<undefined, number> {
  let at = start + 1
  for (let looked = 1; ; looked++) {
    const quote = bytes.indexOf(QUOTE, at)
    if (quote < 0) return -1
    if (!isEscaped(bytes, at, quote)) return quote + 1
    at = quote + 1
    if (looked % QUOTES_PER_STEP === 0) yield
  }
}

/** Whether what stands at `place` belongs to a backslash before it. Nothing before `from` does. */
export function isEscaped(bytes: Uint8Array, from: number, place: number): boolean {
  let first = place
  while (first > from && bytes[first - 1] === ESCAPE) first--
  return (place - first) % 2 === 1
}
