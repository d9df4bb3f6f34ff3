import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../events/json/json-limits.ts'
import { requireInteger, requireKnownNames, withDefault } from '../events/option-rules.ts'

/** How the bodies of requests are received, whatever they come over: HTTP, Connect, gRPC; and what JSON may consist of. */
export interface BodyOptions {
  /**
   * Bytes of bodies that are being received, all clients together. When there are more, the largest body is refused with
   * `SLUICE_ERR_OVERLOADED` (503); one that is alone is bounded by the limit of one body only. Default 64 MiB.
   */
  totalBytes?: number | undefined
  /** How long a body may take however slowly it comes, in milliseconds. Default 30,000. */
  graceMs?: number | undefined
  /**
   * How many bytes a second it must have brought by then, on average: else it is refused with `SLUICE_ERR_TIMEOUT` (408).
   * Default 4,096.
   */
  bytesPerSecond?: number | undefined
  /** Names and elements in one JSON value, all levels together. More are refused with `SLUICE_ERR_TOO_LARGE` (413). Default 250,000. */
  jsonMembers?: number | undefined
  /** Names of one JSON object. More are refused in the same way. Default 10,000. */
  jsonNames?: number | undefined
}

/** {@link BodyOptions} with nothing left open. */
export type ResolvedBodyOptions = { readonly [Name in keyof BodyOptions]-?: number } & JsonLimits

/** Defaults of {@link BodyOptions}. */
export const DEFAULT_BODY_OPTIONS: ResolvedBodyOptions = {
  totalBytes: 64 * 1024 * 1024,
  graceMs: 30_000,
  bytesPerSecond: 4_096,
  ...DEFAULT_JSON_LIMITS,
}

const MAX_BYTES = 2 ** 40
const HOUR_MS = 3_600_000
const MAX_RATE = 2 ** 30
const MAX_MEMBERS = 100_000_000

/** Fills `options` with defaults and checks the result. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveBodyOptions(options: BodyOptions = {}): ResolvedBodyOptions {
  requireKnownNames('bodies', options, Object.keys(DEFAULT_BODY_OPTIONS))
  const whole = (name: keyof BodyOptions, max: number): number =>
    requireInteger(`bodies.${name}`, withDefault(options[name], DEFAULT_BODY_OPTIONS[name]), 1, max)
  return {
    totalBytes: whole('totalBytes', MAX_BYTES),
    graceMs: whole('graceMs', HOUR_MS),
    bytesPerSecond: whole('bytesPerSecond', MAX_RATE),
    jsonMembers: whole('jsonMembers', MAX_MEMBERS),
    jsonNames: whole('jsonNames', MAX_MEMBERS),
  }
}
