import { SluiceError } from '@sluice/core'
import { isFromElsewhere } from '@sluice/core/extend'

import type { HttpRequest } from './http-request.ts'

/**
 * Refuses bodies that are not declared as JSON. A page of any origin may post text with its visitor's cookies and without
 * asking first; JSON it may not. Nothing declared is let pass where no page can have sent it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function requireJsonType(request: Pick<HttpRequest, 'header'>): void {
  const type = request.header('content-type')
  if (type === undefined ? !mayBeAPage(request) : isJsonType(type)) return
  throw new SluiceError('SLUICE_ERR_REQUEST', 'Send JSON, with Content-Type: application/json.', { status: 415 })
}

/**
 * Refuses what a page of another origin may send without asking first, for a request that needs no body.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function requireOwnPage(request: Pick<HttpRequest, 'header'>): void {
  if (isJsonType(request.header('content-type') ?? '') || !isOfAnotherPage(request)) return
  const message = 'A page of another origin must send this as JSON, with Content-Type: application/json.'
  throw new SluiceError('SLUICE_ERR_REQUEST', message, { status: 403 })
}

function mayBeAPage(request: Pick<HttpRequest, 'header'>): boolean {
  return request.header('origin') !== undefined || isOfAnotherPage(request)
}

function isOfAnotherPage(request: Pick<HttpRequest, 'header'>): boolean {
  return isFromElsewhere({
    origin: request.header('origin'),
    host: request.header('host'),
    fetchSite: request.header('sec-fetch-site'),
    referer: request.header('referer'),
  })
}

function isJsonType(type: string): boolean {
  const media = type.split(';', 1)[0]!.trim().toLowerCase()
  return media === 'application/json' || (media.startsWith('application/') && media.endsWith('+json'))
}
