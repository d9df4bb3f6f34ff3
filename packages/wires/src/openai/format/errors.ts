import type { EndEvent, Json, WireError } from '@sluice/core'
import { isJsonObject } from '../../json/json-object.ts'

/** The error body of all of OpenAI's wires. The official clients need all four members. */
export interface OpenAiError {
  error: {
    message: string
    type: string
    param: string | null
    code: string | number | null
    [name: string]: Json | undefined
  }
}

/**
 * `error` in the shape that OpenAI's clients read. An error that carries a provider's own body (`extra`) is shown as
 * that body, completed where a member is missing.
 *
 * @example
 * ```ts
 * toOpenAiError({ code: 'SLUICE_ERR_RATE', message: 'Too many requests', status: 429 })
 * // { error: { message: 'Too many requests', type: 'rate_limit_error', param: null, code: 'SLUICE_ERR_RATE' } }
 * ```
 */
export function toOpenAiError(error: WireError): OpenAiError {
  const type = typeOfStatus(error.status ?? 500)
  const own = isJsonObject(error.extra) ? error.extra.error : undefined
  if (!isJsonObject(own) || typeof own.message !== 'string') {
    return { error: { message: error.message, type, param: null, code: error.code } }
  }
  return {
    error: {
      ...own,
      message: own.message,
      type: typeof own.type === 'string' ? own.type : type,
      param: typeof own.param === 'string' ? own.param : null,
      code: typeof own.code === 'string' || typeof own.code === 'number' ? own.code : null,
    },
  }
}

/** What is said of a stream that was cut. */
export function toCutError(end: EndEvent): WireError {
  if (end.error) return end.error
  if (end.reason === 'cancelled') {
    return { code: 'SLUICE_ERR_CANCELLED', message: 'The answer was cancelled before it was complete.', status: 499 }
  }
  return { code: 'SLUICE_ERR_INTERRUPTED', message: 'The answer was interrupted before it was complete.', status: 502 }
}

function typeOfStatus(status: number): string {
  if (status >= 500) return 'server_error'
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404 || status === 410) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  if (status === 499) return 'cancelled_error'
  return 'invalid_request_error'
}
