import { SluiceError } from '../errors.ts'
import type { Json } from '../json.ts'
import { requireSafeJson, requireSafeLongJson } from './json-guard.ts'
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './json-limits.ts'
import { JsonScan } from './json-scan.ts'
import { inTurns, JSON_SLICE } from './json-slice.ts'
import { parseSlices } from './parse-slices.ts'

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
 * bounded before it is parsed. It is parsed in one step: for what may be long there is {@link readLongJson}.
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
  requireSome(bytes, subject)
  if (!scanned) new JsonScan(subject, limits).push(bytes)
  let value: unknown
  let text: string
  try {
    text = DECODER.decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw noJson(subject)
  }
  return { value: requireSafeJson(value, subject, { limits, text }), text }
}

/**
 * For adapters: the same of JSON of any length. What is longer than a mebibyte is read in slices, between which the event loop
 * serves others.
 *
 * @throws SluiceError as {@link readJson}
 * @example
 * ```ts
 * const value = await readLongJson(new TextEncoder().encode('{"a":1}'), { subject: 'The body' })
 * ```
 */
export async function readLongJson(bytes: Uint8Array, options: ReadJsonOptions): Promise<Json> {
  if (bytes.length <= JSON_SLICE) return readJson(bytes, options).value
  const { subject, limits = DEFAULT_JSON_LIMITS, scanned = false } = options
  if (!scanned) await inTurns(scanSlices(bytes, new JsonScan(subject, limits)))
  let value: unknown
  try {
    value = await inTurns(parseSlices(withoutMark(bytes)))
  } catch {
    throw noJson(subject)
  }
  return requireSafeLongJson(value, subject, limits)
}

function* scanSlices(bytes: Uint8Array, scan: JsonScan): Generator<undefined, void> {
  for (let at = 0; at < bytes.length; at += JSON_SLICE) {
    scan.push(bytes.subarray(at, at + JSON_SLICE))
    yield
  }
}

/** As a decoder of UTF-8 does it: a byte order mark in front says nothing. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

function requireSome(bytes: Uint8Array, subject: string): void {
  if (bytes.byteLength === 0) throw malformed(`${subject} is empty; JSON was expected.`)
}

function noJson(subject: string): SluiceError {
  return malformed(`${subject} is not JSON.`)
}

function malformed(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
