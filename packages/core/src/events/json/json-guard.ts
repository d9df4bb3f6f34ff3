import { SluiceError } from '../errors.ts'
import type { Json } from '../json.ts'
import { atOnce, inTurns } from './json-slice.ts'
import { DEFAULT_JSON_LIMITS, type JsonLimits, MAX_JSON_DEPTH, tooDeep, tooMany } from './json-limits.ts'

/** Values that were found safe, so that nobody walks them again. */
const safe = new WeakSet<object>()

/** What is known of a value that is looked at. */
export interface SafeJsonOptions {
  limits?: JsonLimits | undefined
  /** The text it was parsed from, which was looked at before: depth and members are within their bounds. */
  text?: string | undefined
}

/** How the one name that is refused may be spelled: any of its letters may be an escape. */
const MAY_HAVE_PROTO = /__proto__|\\u00/

/**
 * For adapters: `value`, parsed from JSON that a client sent, when it can be worked with: not too deep, not of too many
 * members, and without members that would change a prototype when copied. `subject` names it in the error: `The body`.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`; `SLUICE_ERR_TOO_LARGE` for too many members
 */
export function requireSafeJson(
  value: unknown,
  subject: string,
  { limits = DEFAULT_JSON_LIMITS, text }: SafeJsonOptions = {},
): Json {
  if (typeof value !== 'object' || value === null || safe.has(value)) return value as Json
  if (text === undefined || MAY_HAVE_PROTO.test(text)) atOnce(walk(value, subject, limits))
  safe.add(value)
  return value as Json
}

/** The same of a value that may consist of much: between slices of it the event loop serves others. */
export async function requireSafeLongJson(value: unknown, subject: string, limits: JsonLimits): Promise<Json> {
  if (typeof value !== 'object' || value === null || safe.has(value)) return value as Json
  await inTurns(walk(value, subject, limits))
  safe.add(value)
  return value as Json
}

/** Members that are walked in one step: a millisecond or two where each has a name of its own. */
const MEMBERS_PER_STEP = 5_000

function* walk(value: object, subject: string, limits: JsonLimits): Generator<undefined, void> {
  // A loop, not a recursion: what it guards against is a value that is too deep for one.
  let level: object[] = [value]
  let members = 0
  let pauseAt = MEMBERS_PER_STEP
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) throw tooDeep(subject)
    const below: object[] = []
    for (const container of level) {
      if (Object.hasOwn(container, '__proto__'))
        throw new SluiceError('SLUICE_ERR_REQUEST', `${subject} has a member named "__proto__".`)
      const inside: unknown[] = Array.isArray(container) ? container : Object.values(container)
      members += Math.max(1, inside.length)
      if (members > limits.jsonMembers) throw tooMany(subject, 'jsonMembers', limits)
      if (inside !== container && inside.length > limits.jsonNames) throw tooMany(subject, 'jsonNames', limits)
      for (const item of inside) if (typeof item === 'object' && item !== null) below.push(item)
      if (members >= pauseAt) {
        yield
        pauseAt = members + MEMBERS_PER_STEP
      }
    }
    level = below
  }
}
