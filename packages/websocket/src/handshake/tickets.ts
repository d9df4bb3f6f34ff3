import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import type { Principal } from '@sluice/core'
import { type Identified, invalidOption, requireInteger, requireKnownNames } from '@sluice/core/extend'
import { z } from 'zod'

/** Options of {@link createTickets}. */
export interface TicketOptions {
  /** Key of the signatures, 32 bytes at least; the same in every process that takes the tickets. */
  secret: string | Uint8Array
  /** How long a ticket can be redeemed, in milliseconds. Default 30,000. */
  ttlMs?: number | undefined
  /** Redeemed tickets that are remembered until they expire; over it none is taken. Default 100,000. */
  maxRemembered?: number | undefined
  /**
   * Says whether a ticket is spent for the first time, in all processes that take them; it expires in `ttlMs` milliseconds.
   * Default: remembered by this process.
   */
  spend?: ((nonce: string, ttlMs: number) => boolean | Promise<boolean>) | undefined
}

/** A ticket, and until when it can be redeemed. */
export interface Ticket {
  ticket: string
  /** Milliseconds since 1970. */
  expiresAtMs: number
}

/** Issues tickets, and takes each of them once. */
export interface Tickets {
  /** A ticket that stands for `principal` once, until it expires. */
  issue(principal: Principal): Ticket
  /** Who the ticket was issued to; `undefined` when it is forged, expired, or was redeemed before. */
  redeem(ticket: string): Identified
}

/** Defaults of {@link createTickets}. */
export const DEFAULT_TICKET_OPTIONS = { ttlMs: 30_000, maxRemembered: 100_000 } as const

const MIN_SECRET_BYTES = 32
const MAX_TICKET_LENGTH = 2_048
const DAY_MS = 86_400_000
/** Keeps these signatures apart from others that are made with the same secret. */
const DOMAIN = 'sluice.ticket.1\n'

const claimsSchema = z.strictObject({
  /** Nonce. */
  n: z.string(),
  /** When the ticket expires. */
  e: z.number(),
  owner: z.string().min(1),
  tenant: z.string().optional(),
  /** When the credential expires that the ticket was issued for. */
  x: z.number().optional(),
})

/**
 * Short-lived, single-use proof of who somebody is, for clients that cannot send headers: a page asks for one with its
 * ordinary credentials, and opens its socket with it. Signed with HMAC-SHA256. A ticket that was redeemed is remembered by
 * this process until it expires; where several processes take tickets, `spend` asks what they share.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const tickets = createTickets({ secret: mySecret })
 * const { ticket } = tickets.issue({ owner: 'ada' })
 * new WebSocket(url, ['sluice.v1', `ticket.${ticket}`])
 * ```
 */
export function createTickets(options: TicketOptions): Tickets {
  requireKnownNames('', options, ['secret', 'ttlMs', 'maxRemembered', 'spend'])
  const secret = requireSecret(options.secret)
  const ttlMs = requireInteger('ttlMs', options.ttlMs ?? DEFAULT_TICKET_OPTIONS.ttlMs, 1, DAY_MS)
  const maxRemembered = options.maxRemembered ?? DEFAULT_TICKET_OPTIONS.maxRemembered
  requireInteger('maxRemembered', maxRemembered, 1, 1e7)
  const spend = options.spend ?? rememberSpent(maxRemembered)
  if (typeof spend !== 'function') throw invalidOption('spend', spend, 'a function')

  const sign = (payload: string): Buffer => createHmac('sha256', secret).update(DOMAIN).update(payload).digest()

  return {
    issue({ owner, tenant, expiresAtMs: credentialExpiresAtMs }) {
      const expiresAtMs = Math.min(Date.now() + ttlMs, credentialExpiresAtMs ?? Infinity)
      const claims = {
        n: randomBytes(16).toString('base64url'),
        e: expiresAtMs,
        owner,
        tenant,
        x: credentialExpiresAtMs,
      }
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
      return { ticket: `${payload}.${sign(payload).toString('base64url')}`, expiresAtMs }
    },
    redeem(ticket) {
      if (ticket.length > MAX_TICKET_LENGTH) return undefined
      const dot = ticket.indexOf('.')
      const payload = ticket.slice(0, Math.max(dot, 0))
      const expected = sign(payload)
      const given = Buffer.from(ticket.slice(dot + 1), 'base64url')
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      const { n, e, owner, tenant, x } = claimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      const leftMs = e - Date.now()
      if (leftMs <= 0) return undefined
      const principal = { owner, tenant, expiresAtMs: x }
      const first = spend(n, Math.ceil(leftMs))
      if (typeof first === 'boolean') return first ? principal : undefined
      return first.then((isFirst) => (isFirst ? principal : undefined))
    },
  }
}

/** Remembers tickets until they expire: whether one is spent for the first time, and there was room to remember it. */
function rememberSpent(maxRemembered: number): (nonce: string, ttlMs: number) => boolean {
  /** Nonces, and when they expire: in the order of their redemption. */
  const redeemed = new Map<string, number>()

  function forgetExpired(now: number): void {
    for (const [nonce, expiresAtMs] of redeemed) {
      // One that was redeemed early may stand before one that expires earlier: it goes a little later.
      if (expiresAtMs > now) return
      redeemed.delete(nonce)
    }
  }

  return (nonce, ttlMs) => {
    const now = Date.now()
    if (redeemed.has(nonce)) return false
    forgetExpired(now)
    if (redeemed.size >= maxRemembered) return false
    redeemed.set(nonce, now + ttlMs)
    return true
  }
}

function requireSecret(secret: unknown): string | Uint8Array {
  const bytes =
    typeof secret === 'string' ? Buffer.byteLength(secret) : secret instanceof Uint8Array ? secret.length : 0
  if (bytes >= MIN_SECRET_BYTES) return secret as string | Uint8Array
  // Its value is not shown.
  throw invalidOption('secret', bytes === 0 ? secret : `${bytes} bytes`, `${MIN_SECRET_BYTES} bytes or more`)
}
