import type { SluiceError, SluiceErrorCode } from '@sluice/core'

/** What else is known of an error. */
export interface ClientErrorOptions {
  /** HTTP status that says the same. */
  status?: number | undefined
  retryAfterMs?: number | undefined
  cause?: unknown
}

/**
 * An error of a stream, with a code of the one table, docs/errors.md. `isSluiceError` of `@sluice/core` knows it. It is a class
 * of its own so that a page need not load the table.
 *
 * @example
 * ```ts
 * await myStream.text().catch((error) => {
 *   if (error instanceof ClientError && error.code === 'SLUICE_ERR_GONE') show('This answer is not kept any more.')
 * })
 * ```
 */
export class ClientError extends Error implements SluiceError {
  readonly code: SluiceErrorCode
  readonly status: number
  readonly retryAfterMs: number | undefined
  declare readonly extra: unknown

  constructor(code: SluiceErrorCode, message: string, options: ClientErrorOptions = {}) {
    super(message, options)
    this.name = 'SluiceError'
    this.code = code
    this.status = options.status ?? 503
    this.retryAfterMs = options.retryAfterMs
    Object.defineProperty(this, Symbol.for('@sluice/core/SluiceError'), { value: true })
  }
}

/** The error of a reading that is over before its stream: the connection is to blame, or whoever is at its other end. */
export function cutError(message: string, options?: ClientErrorOptions): ClientError {
  return new ClientError('SLUICE_ERR_READING_CLOSED', message, options)
}
