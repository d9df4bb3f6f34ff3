import { SluiceError } from '@sluice/core'
import { isFromElsewhere } from '@sluice/core/extend'
import type { HttpRequest } from '@sluice/http'

/** What is said of a request that is wrong. */
export interface Wrong {
  readonly message: string
  /** A word for it, which a client may compare. */
  readonly code?: string | undefined
  /** The member of the request it is about. */
  readonly param?: string | undefined
  /** Default 400. */
  readonly status?: number | undefined
}

/** The error of a request that is wrong, in the shape of OpenAI's and Anthropic's own. */
export function wrongRequest({ message, code, param, status = 400 }: Wrong): SluiceError {
  const error = {
    message,
    type: status === 404 ? 'not_found_error' : 'invalid_request_error',
    param: param ?? null,
    code: code ?? null,
  }
  const own = status === 413 ? 'SLUICE_ERR_TOO_LARGE' : status === 404 ? 'SLUICE_ERR_NOT_FOUND' : 'SLUICE_ERR_REQUEST'
  return new SluiceError(own, message, { status, extra: { error } })
}

/** The one answer for what is not there, and for what is somebody else's. */
export function notThere(what: string, id: string): SluiceError {
  const shown = JSON.stringify(id.slice(0, 80))
  return wrongRequest({ message: `There is no ${what} ${shown}, or it is not yours.`, status: 404 })
}

/**
 * Refuses what a page of another origin may send without asking first: a form, or nothing. Whoever sends `Authorization` has asked.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function requireNoForeignPage(request: Pick<HttpRequest, 'header'>): void {
  if (request.header('authorization') !== undefined) return
  const origin = request.header('origin')
  const fetchSite = request.header('sec-fetch-site')
  const referer = request.header('referer')
  if (!isFromElsewhere({ origin, host: request.header('host'), fetchSite, referer })) return
  throw wrongRequest({ message: 'A page of another origin must send Authorization with this.', status: 403 })
}
