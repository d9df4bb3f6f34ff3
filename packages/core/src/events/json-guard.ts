import { SluiceError } from './errors.ts'
import type { Json } from './json.ts'

/** Deeper than any schema of a tool; what walks the value after us may recurse. */
const MAX_DEPTH = 100

/**
 * For adapters: `value`, parsed from JSON that a client sent, when it can be worked with: not too deep, and without members
 * that would change a prototype when copied. `subject` names it in the error: `The body`.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function requireSafeJson(value: unknown, subject: string): Json {
  // A loop, not a recursion: what it guards against is a value that is too deep for one.
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw new SluiceError('SLUICE_ERR_REQUEST', `${subject} is nested deeper than ${MAX_DEPTH} levels.`)
    }
    const below: unknown[] = []
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      if (Object.hasOwn(item, '__proto__')) {
        throw new SluiceError('SLUICE_ERR_REQUEST', `${subject} has a member named "__proto__".`)
      }
      for (const member of Object.values(item)) below.push(member)
    }
    level = below
  }
  return value as Json
}
