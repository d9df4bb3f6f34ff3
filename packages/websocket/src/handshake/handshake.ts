import type { IncomingMessage } from 'node:http'

import { type Principal, SluiceError } from '@sluice/core'
import { bearerOf, requirePrincipal } from '@sluice/core/extend'

import type { Dialect } from '../message/dialect.ts'
import type { ResolvedWebSocketHandlerOptions } from './options.ts'
import { requirePage } from './page.ts'

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
export async function admit(
  request: IncomingMessage,
  options: ResolvedWebSocketHandlerOptions,
  { subprotocol, isPresumed }: Dialect,
): Promise<Admitted> {
  const offered = offeredProtocols(request)
  if (!offered.includes(subprotocol) && !(isPresumed && offered.length === 0))
    throw new SluiceError('SLUICE_ERR_REQUEST', `Offer the subprotocol ${subprotocol}.`)
  const shown = {
    ticket: tokenIn(offered, 'ticket.'),
    bearer: tokenIn(offered, 'bearer.') ?? bearerOf(request.headers.authorization),
  }
  await requirePage(request, shown, options)
  const { scheduler } = options.sluice
  const principal =
    shown.ticket === undefined
      ? await requirePrincipal(scheduler, options.identify(request, { bearer: shown.bearer }))
      : await requirePrincipal(scheduler, options.tickets?.redeem(shown.ticket), 'tickets.redeem')
  return { request, bearer: shown.bearer, ...splitPrincipal(principal) }
}

/** The principal alone, as it is handed on to core, and when it expires: a fresh ticket puts that off for the whole socket. */
function splitPrincipal({ owner, tenant, expiresAtMs }: Principal): Pick<Admitted, 'principal' | 'expiresAtMs'> {
  return { principal: { owner, tenant }, expiresAtMs }
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
