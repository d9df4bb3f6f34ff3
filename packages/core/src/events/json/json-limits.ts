import { SluiceError } from '../errors.ts'

/** How much a JSON value may consist of: what parsing costs grows with that, and hardly with its bytes. */
export interface JsonLimits {
  /** Names and elements in it, all levels together; an empty object or array counts as one. */
  readonly jsonMembers: number
  /** Names of one object: with very many it becomes a hash table, at a microsecond a name each time it is copied. */
  readonly jsonNames: number
  /**
   * The option that bounds the members, as errors name it.
   * @defaultValue `bodies.jsonMembers`
   */
  readonly membersOption?: string | undefined
}

/** What a {@link JsonLimits} bounds. */
export type JsonLimitName = 'jsonMembers' | 'jsonNames'

/** The option that bounds it, as errors name it. */
export function limitOption(name: JsonLimitName, { membersOption }: JsonLimits): string {
  return (name === 'jsonMembers' ? membersOption : undefined) ?? `bodies.${name}`
}

/** Defaults of {@link JsonLimits}. */
export const DEFAULT_JSON_LIMITS: JsonLimits = { jsonMembers: 250_000, jsonNames: 10_000 }

/**
 * The one bound of how deep JSON is nested, whatever it is and whichever way it comes: bodies and messages of clients, `meta`,
 * and what sources yield. Deeper than any schema of a tool; and what walks the value after us may recurse: every wire can write
 * it, every store keep it.
 */
export const MAX_JSON_DEPTH = 100

/** What is said of a value that is nested too deep. `subject` names it: `The body`. */
export function tooDeep(subject: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', `${subject} is nested deeper than ${MAX_JSON_DEPTH} levels.`)
}

/** The same of one that consists of too much. */
export function tooMany(subject: string, name: JsonLimitName, limits: JsonLimits): SluiceError {
  const what = name === 'jsonNames' ? 'an object of more than' : 'more than'
  const message = `${subject} has ${what} ${limits[name]} members, which is all that ${limitOption(name, limits)} allows.`
  return new SluiceError('SLUICE_ERR_TOO_LARGE', message)
}
