import { SluiceError } from '../events/errors.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import { invalidOption } from '../events/option-rules.ts'

/** Who asks. `tenant` separates customers of one deployment; default: the empty tenant. */
export interface Principal {
  tenant?: string | undefined
  owner: string
  /**
   * Until when this is known, in milliseconds since 1970: when a token or session expires. What is being delivered then ends
   * with `closed: unauthorized`, and nothing is done for it from then on. Default: for ever.
   */
  expiresAtMs?: number | undefined
}

/** A principal, or the application itself, which may do everything. */
export type Actor = Principal | 'server'

/** What somebody wants to do with a stream. */
export type Action = 'attach' | 'info' | 'cancel' | 'erase' | 'ack' | 'send'

/** Owner of the application's own streams: the one name that no principal can have. */
export const SERVER_OWNER = ''

/** What `authorize` may know of a stream. */
export interface StreamIdentity {
  readonly id: string
  readonly tenant: string
  /** Who started it; empty for the application itself. */
  readonly owner: string
  readonly key: string | undefined
}

/** Says whether `principal` may do `action`. Anything but `true` is a no; a failure or a hang is an error, not a yes. */
export type Authorize = (principal: Principal, stream: StreamIdentity, action: Action) => boolean | Promise<boolean>

/** Same tenant and same owner. */
export const authorizeOwner: Authorize = (principal, stream) =>
  (principal.tenant ?? '') === stream.tenant && principal.owner === stream.owner

/** Whether who somebody is was known, and is not any more. */
export function hasExpired({ expiresAtMs }: Pick<Principal, 'expiresAtMs'>): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= Date.now()
}

/** When it is not known any more, on the scheduler's clock; `Infinity`: never. */
export function expiryOf(scheduler: Scheduler, actor: 'server' | Pick<Principal, 'expiresAtMs'>): number {
  if (actor === 'server' || actor.expiresAtMs === undefined) return Infinity
  return scheduler.now() + Math.max(0, actor.expiresAtMs - Date.now())
}

/** `expiresAtMs`, if it can be one. @throws SluiceError `SLUICE_ERR_OPTION` */
function requireExpiry(expiresAtMs: unknown): number | undefined {
  if (expiresAtMs === undefined || Number.isFinite(expiresAtMs)) return expiresAtMs as number | undefined
  throw invalidOption('expiresAtMs', expiresAtMs, 'milliseconds since 1970, or left out')
}

/**
 * Checks the shape of `as`, which callers in JavaScript may have left out, and that it has not expired.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_UNAUTHORIZED`
 */
export function requireActor(as: unknown): Actor {
  if (as === 'server') return as
  if (typeof as === 'object' && as !== null) {
    const { owner, tenant, expiresAtMs } = as as Principal
    if (isName(owner) && owner !== SERVER_OWNER && (tenant === undefined || isName(tenant))) {
      requireExpiry(expiresAtMs)
      if (!hasExpired({ expiresAtMs })) return as as Principal
      throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'What you showed of who you are has expired; show it anew.')
    }
  }
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    'The option "as" is missing or malformed; say who asks: { owner, tenant? }, or "server" for the application itself.',
  )
}

/** Whether `value` can name something: written as UTF-8, halves of surrogate pairs are all alike, and two names would be one. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

/** The one answer for what is unknown and for what is forbidden. */
export function notFound(): SluiceError {
  return new SluiceError('SLUICE_ERR_NOT_FOUND', 'There is no such stream, or it is not yours.')
}
