import type { IncomingMessage } from 'node:http'

import { type Principal, SluiceError } from '@sluice/core'
import { requirePrincipal } from '@sluice/core/extend'

import type { ResolvedWebSocketHandlerOptions } from './options.ts'

/** The subprotocol this package speaks. */
export const SUBPROTOCOL = 'sluice.v1'

/** A socket that may be opened. */
export interface Admitted {
  readonly request: IncomingMessage
  readonly principal: Principal
  readonly bearer: string | undefined
  readonly expiresAtMs: number | undefined
}

/**
 * Whether, and as whom, a client may open a socket.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_UNAUTHORIZED`, `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_OPTION`
 */
export async function admit(request: IncomingMessage, options: ResolvedWebSocketHandlerOptions): Promise<Admitted> {
  const offered = offeredProtocols(request)
  if (!offered.includes(SUBPROTOCOL))
    throw new SluiceError('SLUICE_ERR_REQUEST', `Offer the subprotocol ${SUBPROTOCOL}.`)
  const ticket = tokenIn(offered, 'ticket.')
  const bearer = tokenIn(offered, 'bearer.') ?? bearerOf(request.headers.authorization)
  requireOrigin(request, options.origins, ticket !== undefined || bearer !== undefined)
  const { scheduler } = options.sluice
  const principal =
    ticket === undefined
      ? await requirePrincipal(scheduler, options.identify(request, { bearer }))
      : await requirePrincipal(scheduler, options.tickets?.redeem(ticket), 'tickets.redeem')
  return { request, bearer, ...splitPrincipal(principal) }
}

/** The principal alone, as it is handed on to core, and when it expires: a fresh ticket puts that off for the whole socket. */
function splitPrincipal({ owner, tenant, expiresAtMs }: Principal): Pick<Admitted, 'principal' | 'expiresAtMs'> {
  return { principal: { owner, tenant }, expiresAtMs }
}

/**
 * Browsers send cookies with a socket of any page, and no preflight asks first: the origin is all there is to tell a page of
 * ours from a stranger's. Where every page is welcome, cookies are no credential at all.
 */
function requireOrigin(request: IncomingMessage, origins: ReadonlySet<string> | '*', hasToken: boolean): void {
  const { origin, cookie } = request.headers
  const byCookie = cookie !== undefined && !hasToken
  if (origin === undefined) {
    if (!byCookie) return
    throw forbidden('A cookie alone is taken from pages only; send a token, or an Origin.')
  }
  if (origins === '*') {
    // Nor is it one beside a token: that may be made up, by a stranger's page, to have the cookie looked at.
    delete request.headers.cookie
    return
  }
  if (!origins.has(origin)) throw forbidden('Pages of this origin may not open sockets here.')
}

function forbidden(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_UNAUTHORIZED', message, { status: 403 })
}

function offeredProtocols({ headers }: IncomingMessage): string[] {
  const offered = headers['sec-websocket-protocol']
  return offered === undefined ? [] : offered.split(',').map((protocol) => protocol.trim())
}

function tokenIn(offered: readonly string[], prefix: string): string | undefined {
  return offered
    .find((protocol) => protocol.startsWith(prefix) && protocol.length > prefix.length)
    ?.slice(prefix.length)
}

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const token = authorization.slice(7).trim()
  return token === '' ? undefined : token
}
