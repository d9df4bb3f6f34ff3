import { type EndEvent, isSluiceError, type WireError } from '@sluice/core'
import { errorOfEnd } from '@sluice/core/extend'
import { toAnthropicError } from '@sluice/wires/anthropic'
import { toOpenAiError } from '@sluice/wires/openai'

import { BODY_HEADERS, type BodyPlan } from './plan.ts'

/** Whose words an error is told in: RFC 9457 `application/problem+json`, or the provider's whose route it is. */
export type ErrorFormat = 'problem' | 'openai' | 'anthropic'

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

const INTERNAL: WireError = { code: 'SLUICE_ERR_INTERNAL', message: 'Something went wrong on the server.', status: 500 }

/** Whether what is told of `error` hides what it was, so that somebody on this side should hear of it. */
export function isMasked(error: unknown): boolean {
  return !isSluiceError(error) || error.code === 'SLUICE_ERR_OPTION'
}

/** What strangers are told of an error: messages that were written for them, and of the rest nothing. */
export function wireErrorOf(error: unknown): WireError {
  if (!isSluiceError(error)) return INTERNAL
  const { code, message, status, retryAfterMs, extra } = error
  // Names options of the server, which are none of the client's business.
  if (code === 'SLUICE_ERR_OPTION') return INTERNAL
  return { code, message, status, retryAfterMs, extra: extra as WireError['extra'] }
}

/** What an abnormal end says. */
export function wireErrorOfEnd(end: EndEvent): WireError {
  return end.error ?? wireErrorOf(errorOfEnd(end))
}

/** The status of an error's answer: its own, if that is one. */
export function statusOf({ status }: WireError): number {
  return status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599 ? status : 502
}

/** Seconds for `Retry-After`, rounded up: coming back early is coming twice. */
export function retryAfterOf({ retryAfterMs }: WireError): Record<string, string> {
  return retryAfterMs === undefined || !(retryAfterMs >= 0)
    ? {}
    : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
}

/**
 * The answer that tells of an error.
 *
 * @example
 * ```ts
 * toErrorPlan({ code: 'SLUICE_ERR_RATE', message: 'Slow down.', status: 429, retryAfterMs: 1200 })
 * // 429, Retry-After: 2, {"type":"about:blank","title":"Too Many Requests","status":429,…}
 * ```
 */
export function toErrorPlan(error: WireError, shape: ErrorFormat = 'problem'): BodyPlan {
  const status = statusOf(error)
  const headers: Record<string, string> = { ...BODY_HEADERS, ...retryAfterOf(error) }
  if (error.code === 'SLUICE_ERR_UNAUTHORIZED') headers['www-authenticate'] = 'Bearer'
  if (shape !== 'problem') {
    headers['content-type'] = 'application/json; charset=utf-8'
    // The official clients repeat a 409 and every 5xx of their own accord; the same request would fail the same way.
    if (status === 409 || error.code === 'SLUICE_ERR_TOO_LARGE') headers['x-should-retry'] = 'false'
    const said = { ...error, status }
    return { status, headers, body: JSON.stringify(shape === 'openai' ? toOpenAiError(said) : toAnthropicError(said)) }
  }
  headers['content-type'] = 'application/problem+json'
  const title = TITLES[status] ?? (status < 500 ? 'Request Failed' : 'Server Error')
  const problem = { type: 'about:blank', title, status, detail: error.message, code: error.code }
  return { status, headers, body: JSON.stringify(problem) }
}
