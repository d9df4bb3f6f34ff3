import type { WireError } from '@sluice/core'
import { isJsonObject } from '../../json/json-object.ts'

/** The error body of Anthropic's API. `code` is ours: what a program should look at. */
export interface AnthropicError {
  type: 'error'
  error: { type: string; message: string; code: string }
  request_id: string | null
}

/** What the provider calls an error of this status. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  410: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

/**
 * `error` in the shape that Anthropic's clients read. The words are the provider's own where an error carries its body.
 *
 * @example
 * ```ts
 * toAnthropicError({ code: 'SLUICE_ERR_RATE', message: 'Too many requests', status: 429 })
 * // { type: 'error', error: { type: 'rate_limit_error', message: 'Too many requests', … }, request_id: null }
 * ```
 */
export function toAnthropicError({ code, message, status = 500, extra }: WireError): AnthropicError {
  const own = isJsonObject(extra) && isJsonObject(extra.error) ? extra.error : undefined
  const type = typeof own?.type === 'string' && Object.hasOwn(STATUSES, own.type) ? own.type : typeOfStatus(status)
  const said = typeof own?.message === 'string' ? own.message : message
  return { type: 'error', error: { type, message: said, code }, request_id: null }
}

/** The status that a provider's own error stands for; `undefined` where it does not say. */
export function statusOfType(type: unknown): number | undefined {
  return typeof type === 'string' && Object.hasOwn(STATUSES, type) ? STATUSES[type] : undefined
}

function typeOfStatus(status: number): string {
  return TYPES[status] ?? (status >= 400 && status < 499 ? 'invalid_request_error' : 'api_error')
}
