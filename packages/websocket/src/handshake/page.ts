import type { IncomingMessage } from 'node:http'

import { SluiceError } from '@sluice/core'
import { bearerOf, identifiedPrincipal, isForeignHost, isSameOrigin, NULL_ORIGIN } from '@sluice/core/extend'

import type { ResolvedWebSocketHandlerOptions } from './options.ts'

/** Credentials that a client has sent on purpose. */
export interface ShownTokens {
  readonly ticket: string | undefined
  readonly bearer: string | undefined
}

/**
 * Refuses what a page may have made its visitor's browser send: it sends cookies with a socket of any page, and no preflight
 * asks first. The origin is all there is to tell a page of ours from a stranger's.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED`
 */
export async function requirePage(
  request: IncomingMessage,
  shown: ShownTokens,
  options: ResolvedWebSocketHandlerOptions,
): Promise<void> {
  const { origin, cookie } = request.headers
  if (origin === undefined) {
    if (cookie === undefined || shown.ticket !== undefined || shown.bearer !== undefined) return
    throw forbidden('A cookie alone is taken from pages only; send a token, or an Origin.')
  }
  const { origins } = options
  const isNamed = origins !== '*' && origins.has(origin) && origin !== NULL_ORIGIN
  if (isNamed || isOwnPage(request, options)) return
  // Of a page that is let in whatever it is, cookies are no credential, nor are they beside a token: that may be made up, by
  // a stranger's page, to have the cookie looked at.
  delete request.headers.cookie
  if (origins === '*' || origins.has(origin) || hasTicketAtHome(request, shown, options)) return
  if (await needsItsToken(request, shown, options)) return
  throw forbidden('Pages of this origin may not open sockets here.')
}

/** Whether the page came from this very server, called by a name that is its own. */
function isOwnPage({ headers, socket }: IncomingMessage, { hosts }: ResolvedWebSocketHandlerOptions): boolean {
  const { origin = '', host = '' } = headers
  if (!isSameOrigin(origin, host)) return false
  return hosts === '*' || !isLoopbackAddress(socket.localAddress) || !isForeignHost(host, hosts)
}

const HOME: ReadonlySet<string> = new Set(['localhost'])

/**
 * Whether a page of `localhost` shows a ticket. Another program may serve pages of that name, on its other address: that this one was let in
 * here is what the ticket says, and one that is made up is refused where it is redeemed.
 */
function hasTicketAtHome(
  { headers: { origin = '', host = '' } }: IncomingMessage,
  { ticket }: ShownTokens,
  { tickets }: ResolvedWebSocketHandlerOptions,
): boolean {
  return ticket !== undefined && tickets !== undefined && isSameOrigin(origin, host) && !isForeignHost(host, HOME)
}

function isLoopbackAddress(address = ''): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(address)
}

/**
 * Whether a client is let in for the token that it has shown, which no browser adds by itself: native clients send an
 * `Origin`, too. A page cannot set `Authorization`; a subprotocol it can, and where one is let in without any token, a token
 * that is made up proves nothing.
 */
async function needsItsToken(
  request: IncomingMessage,
  { bearer }: ShownTokens,
  { sluice, identify }: ResolvedWebSocketHandlerOptions,
): Promise<boolean> {
  if (bearer === undefined) return false
  if (bearerOf(request.headers.authorization) !== undefined) return true
  const withoutIt = await identifiedPrincipal(sluice.scheduler, identify(request, { bearer: undefined }))
  return withoutIt === undefined
}

function forbidden(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_UNAUTHORIZED', message, { status: 403 })
}
