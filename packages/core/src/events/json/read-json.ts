import { SluiceError } from '../errors.ts'
import type { Json } from '../json.ts'
import { requireSafeJson } from './json-guard.ts'
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './json-limits.ts'
import { JsonScan } from './json-scan.ts'

const DECODER = new TextDecoder('utf-8', { fatal: true })

/** How {@link readJson} reads. */
export interface ReadJsonOptions {
  /** Names the value in errors: `The body`. */
  subject: string
  limits?: JsonLimits | undefined
  /** It was looked at by a {@link JsonScan} while it came. */
  scanned?: boolean | undefined
}

/**
 * For adapters: the value of JSON that a client sent, and its text. Its depth, its members and the names of its objects are
 * bounded before it is parsed.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what is empty, no JSON or too deep, or has a member `__proto__`;
 * `SLUICE_ERR_TOO_LARGE` for what has too many members
 * @example
 * ```ts
 * const { value } = readJson(new TextEncoder().encode('{"a":1}'), { subject: 'The body' })
 * ```
 */
export function readJson(bytes: Uint8Array, options: ReadJsonOptions): { value: Json; text: string } {
  const { subject, limits = DEFAULT_JSON_LIMITS, scanned = false } = options
  if (bytes.byteLength === 0) throw malformed(`${subject} is empty; JSON was expected.`)
  if (!scanned) new JsonScan(subject, limits).push(bytes)
  let value: unknown
  let text: string
  try {
    text = DECODER.decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw malformed(`${subject} is not JSON.`)
  }
  return { value: requireSafeJson(value, subject, { limits, text }), text }
}

function malformed(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
