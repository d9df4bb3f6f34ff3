import { randomBytes, randomUUID } from 'node:crypto'

import type { Principal, Store } from '@sluice/core'
import type { RedisStore } from '@sluice/redis'
import { createTickets, type Tickets } from '@sluice/websocket'

import type { GatewayOptions } from '../options/gateway-options.ts'
import { createKeySeal } from '../door/key-seal.ts'

/** Tickets, and the keys of those they were issued to. */
export interface TicketDesk {
  readonly tickets: Tickets
  /** Notes with which key an owner asks for a ticket. */
  remember(principal: Principal, authorization: string | undefined): void
  authorizationOf(principal: Principal): string | undefined
}

const MAX_KEYS = 10_000

/**
 * The desk of the options: gateways on one Redis, or with one `--ticket-secret`, take each other's tickets; on one Redis
 * each is taken once by all of them.
 *
 * @throws SluiceError `SLUICE_ERR_STORE` when Redis does not answer
 */
export async function openTicketDesk(
  { ticketMs, ticketSecret }: Pick<GatewayOptions, 'ticketMs' | 'ticketSecret'>,
  store: Store | RedisStore,
): Promise<TicketDesk> {
  const own = randomBytes(32).toString('base64url')
  if (!('agree' in store)) return createTicketDesk({ secret: ticketSecret ?? own, ttlMs: ticketMs })
  return createTicketDesk({
    secret: ticketSecret ?? (await store.agree('ticket-secret', own)),
    ttlMs: ticketMs,
    async spend(nonce, ttlMs) {
      const proposal = randomUUID()
      return (await store.agree(`ticket:${nonce}`, proposal, ttlMs)) === proposal
    },
  })
}

/**
 * A ticket names its owner, which is a hash of the key, and the backend wants the key itself: it goes with the ticket, sealed,
 * since tickets end up in logs, and the gateway that takes the ticket may be another one.
 */
function createTicketDesk(options: Parameters<typeof createTickets>[0] & { secret: string }): TicketDesk {
  const authorizations = new Map<string, string>()
  const inner = createTickets(options)
  const seal = createKeySeal(options.secret)

  function remember({ owner }: Principal, authorization: string | undefined): void {
    if (authorization === undefined) return
    authorizations.delete(owner)
    authorizations.set(owner, authorization)
    const [oldest] = authorizations.keys()
    if (authorizations.size > MAX_KEYS && oldest !== undefined) authorizations.delete(oldest)
  }

  return {
    tickets: {
      issue(principal) {
        const { ticket, expiresAtMs } = inner.issue(principal)
        const authorization = authorizations.get(principal.owner)
        return { ticket: authorization === undefined ? ticket : seal.put(ticket, authorization), expiresAtMs }
      },
      async redeem(sealed) {
        const taken = seal.take(sealed)
        const principal = (taken && (await inner.redeem(taken.ticket))) ?? undefined
        if (taken && principal) remember(principal, taken.key)
        return principal
      },
    },
    remember,
    authorizationOf: ({ owner }) => authorizations.get(owner),
  }
}
