import { ERROR_CODES, type SluiceErrorCode } from './codes.ts'

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
    this.status = options.status ?? ERROR_CODES[code].status
    this.retryAfterMs = options.retryAfterMs
    this.extra = options.extra
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Whether `value` is a {@link SluiceError}, also one made by another copy of this package. */
export function isSluiceError(value: unknown): value is SluiceError {
  return typeof value === 'object' && value !== null && BRAND in value
}
