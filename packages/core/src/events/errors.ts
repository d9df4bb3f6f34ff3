/** Every error sluice throws is a {@link SluiceError} with one of these codes. A code never changes within a major. */
export type SluiceErrorCode =
  | 'SLUICE_ERR_OPTION'
  | 'SLUICE_ERR_SOURCE'
  | 'SLUICE_ERR_SOURCE_ITEM'
  | 'SLUICE_ERR_BACKEND'
  | 'SLUICE_ERR_TIMEOUT'
  | 'SLUICE_ERR_NOT_FOUND'
  | 'SLUICE_ERR_GONE'
  | 'SLUICE_ERR_CURSOR_MALFORMED'
  | 'SLUICE_ERR_CURSOR_TRIMMED'
  | 'SLUICE_ERR_CURSOR_AHEAD'
  | 'SLUICE_ERR_KEY_RUNNING'
  | 'SLUICE_ERR_IDEMPOTENCY_MISMATCH'
  | 'SLUICE_ERR_TOO_MANY_STREAMS'
  | 'SLUICE_ERR_RATE'
  | 'SLUICE_ERR_OVERLOADED'
  | 'SLUICE_ERR_DRAINING'
  | 'SLUICE_ERR_UNAUTHORIZED'
  | 'SLUICE_ERR_REQUEST'
  | 'SLUICE_ERR_TOO_LARGE'
  | 'SLUICE_ERR_CANCELLED'
  | 'SLUICE_ERR_INTERRUPTED'
  | 'SLUICE_ERR_READING_CLOSED'
  | 'SLUICE_ERR_ALREADY_ENDED'
  | 'SLUICE_ERR_PARSE'
  | 'SLUICE_ERR_STORE'

/** HTTP status that says what a code says. */
export const STATUS_OF_CODE: Readonly<Record<SluiceErrorCode, number>> = {
  SLUICE_ERR_OPTION: 500,
  SLUICE_ERR_SOURCE: 502,
  SLUICE_ERR_SOURCE_ITEM: 502,
  SLUICE_ERR_BACKEND: 502,
  SLUICE_ERR_TIMEOUT: 504,
  SLUICE_ERR_NOT_FOUND: 404,
  SLUICE_ERR_GONE: 410,
  SLUICE_ERR_CURSOR_MALFORMED: 400,
  SLUICE_ERR_CURSOR_TRIMMED: 410,
  SLUICE_ERR_CURSOR_AHEAD: 409,
  SLUICE_ERR_KEY_RUNNING: 409,
  SLUICE_ERR_IDEMPOTENCY_MISMATCH: 422,
  SLUICE_ERR_TOO_MANY_STREAMS: 429,
  SLUICE_ERR_RATE: 429,
  SLUICE_ERR_OVERLOADED: 503,
  SLUICE_ERR_DRAINING: 503,
  SLUICE_ERR_UNAUTHORIZED: 401,
  SLUICE_ERR_REQUEST: 400,
  SLUICE_ERR_TOO_LARGE: 413,
  SLUICE_ERR_CANCELLED: 499,
  SLUICE_ERR_INTERRUPTED: 502,
  SLUICE_ERR_READING_CLOSED: 503,
  SLUICE_ERR_ALREADY_ENDED: 409,
  SLUICE_ERR_PARSE: 502,
  SLUICE_ERR_STORE: 503,
}

/** What else is known of an error. */
export interface SluiceErrorOptions {
  /** HTTP status, where it is not the code's own. */
  status?: number | undefined
  /** When trying again makes sense. */
  retryAfterMs?: number | undefined
  /** The error behind this one. Never leaves the process. */
  cause?: unknown
  /** A provider's own error body, safe to show on that provider's wires. */
  extra?: unknown
}

const BRAND = Symbol.for('@sluice/core/SluiceError')

/**
 * The one error class. Match on `code`, or with {@link isSluiceError}, which also knows errors of another copy of the
 * package. `message` says what was wrong with which input, and the way out.
 *
 * @example
 * ```ts
 * throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy', { status: 429, retryAfterMs: 2000 })
 * ```
 */
export class SluiceError extends Error {
  readonly code: SluiceErrorCode
  readonly status: number
  readonly retryAfterMs: number | undefined
  readonly extra: unknown

  constructor(code: SluiceErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SluiceError'
    this.code = code
    this.status = options.status ?? STATUS_OF_CODE[code]
    this.retryAfterMs = options.retryAfterMs
    this.extra = options.extra
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Whether `value` is a {@link SluiceError}, also one made by another copy of this package. */
export function isSluiceError(value: unknown): value is SluiceError {
  return typeof value === 'object' && value !== null && BRAND in value
}
