import { type Principal, type Sluice, SluiceError } from '@sluice/core'
import { type Identified, requirePrincipal } from '@sluice/core/extend'

import type { HttpRequest } from '../request/http-request.ts'
import type { Identify } from '../request/identify.ts'
import { jsonPlan, type Plan } from '../response/plan.ts'
import type { Route } from './routes.ts'

/** Issues tickets, and takes each of them once: what `createTickets` of `@sluice/websocket` gives. */
export interface TicketIssuer {
  /** A ticket that stands for `principal` once. */
  issue(principal: Principal): { ticket: string; expiresAtMs: number }
  /** Whom the ticket stands for; `undefined` for one that is unknown, spent or expired. */
  redeem(ticket: string): Identified
}

/** `POST /tickets`: a ticket for whoever asks, to be used where headers cannot be sent. */
export function planTicket(tickets: TicketIssuer, principal: Principal): Plan {
  return jsonPlan(201, tickets.issue(principal))
}

/**
 * Who sent a request, and whether a ticket says so. An `EventSource` cannot send headers: where tickets are issued, an attach may carry one in its query.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED`, `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_OPTION`
 */
export async function principalOf<Raw>(
  { sluice, identify, tickets }: { sluice: Sluice; identify: Identify<Raw>; tickets: TicketIssuer | undefined },
  route: Route | undefined,
  { method, query, raw }: HttpRequest<Raw>,
): Promise<{ principal: Principal; byTicket: boolean }> {
  const ticket = tickets && route?.is === 'stream' && method === 'GET' ? query.get('ticket') : null
  const { scheduler } = sluice
  if (!tickets || ticket === null)
    return { principal: await requirePrincipal(scheduler, identify(raw)), byTicket: false }
  return { principal: await requirePrincipal(scheduler, tickets.redeem(ticket), 'tickets.redeem'), byTicket: true }
}

/** What `tickets` must be able to do. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireTicketIssuer(tickets: TicketIssuer | undefined): void {
  if (tickets === undefined) return
  if (typeof tickets.issue === 'function' && typeof tickets.redeem === 'function') return
  throw new SluiceError('SLUICE_ERR_OPTION', 'The option "tickets" must have the methods issue and redeem.')
}
