import { foreign } from './foreign.ts'

/**
 * Stands in a text for bytes that are no UTF-8, once they are read. Nothing of ours contains it as it is: see
 * {@link toStoredJson}.
 */
const REPLACEMENT = '\ufffd'
/** Deeper than what anybody has a use for. What walks a value after us may recurse. */
export const MAX_STORED_DEPTH = 1_000

/** `value` as JSON, in which U+FFFD is an escape: one that is read as it is was no UTF-8. */
export function toStoredJson(value: object | string | number | boolean | null): string {
  const text = JSON.stringify(value)
  return text.includes(REPLACEMENT) ? text.replaceAll(REPLACEMENT, String.raw`\ufffd`) : text
}

/**
 * Parses what {@link toStoredJson} gave, without a look at whether it is the same all over.
 *
 * @throws SluiceError `SLUICE_ERR_STORE`
 */
export function parseStored(text: string, what: string): unknown {
  requireUtf8(text, what)
  try {
    return JSON.parse(text)
  } catch {
    throw foreign(what, 'it is not JSON')
  }
}

/**
 * The value of which {@link toStoredJson} makes exactly `text`. A number beyond what a number can be, a name that comes twice
 * and the like would be read as something else than was meant.
 *
 * @throws SluiceError `SLUICE_ERR_STORE`
 */
export function fromStoredJson(text: string, what: string): unknown {
  const value = parseStored(text, what)
  requireSame(value, text, what)
  return value
}

/** @throws SluiceError `SLUICE_ERR_STORE` unless `value`, written again, is `text` */
export function requireSame(value: unknown, text: string, what: string): void {
  // Two characters a level, at least.
  if (text.length >= 2 * MAX_STORED_DEPTH && isTooDeep(value)) {
    throw foreign(what, `it is nested deeper than ${MAX_STORED_DEPTH} levels`)
  }
  if (toStoredJson(value as object) !== text) throw foreign(what, 'a number or a name in it cannot be kept as it is')
}

/** @throws SluiceError `SLUICE_ERR_STORE` for a text whose bytes were not UTF-8 */
export function requireUtf8(text: string, what: string): void {
  if (text.includes(REPLACEMENT)) throw foreign(what, 'it is not UTF-8')
}

/** A loop, not a recursion: what it looks for is too deep for one. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_STORED_DEPTH) return true
    const below: unknown[] = []
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      for (const inside of Array.isArray(item) ? item : Object.values(item)) below.push(inside)
    }
    level = below
  }
  return false
}
