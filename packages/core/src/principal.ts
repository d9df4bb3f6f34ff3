import { SluiceError } from './errors.ts'

/** Who asks. `tenant` separates customers of one deployment; default: the empty tenant. */
export interface Principal {
  tenant?: string | undefined
  owner: string
}

/** A principal, or the application itself, which may do everything. */
export type Actor = Principal | 'server'

/** What somebody wants to do with a stream. */
export type Action = 'attach' | 'info' | 'cancel' | 'erase' | 'ack' | 'send'

/** What `authorize` may know of a stream. */
export interface StreamIdentity {
  readonly id: string
  readonly tenant: string
  readonly owner: string
  readonly key: string | undefined
}

/** Says whether `principal` may do `action`. Anything but `true` is a no; a failure or a hang is an error, not a yes. */
export type Authorize = (principal: Principal, stream: StreamIdentity, action: Action) => boolean | Promise<boolean>

/** Same tenant and same owner. */
export const authorizeOwner: Authorize = (principal, stream) =>
  (principal.tenant ?? '') === stream.tenant && principal.owner === stream.owner

/** Checks the shape of `as`, which callers in JavaScript may have left out. */
export function requireActor(as: unknown): Actor {
  if (as === 'server') return as
  if (typeof as === 'object' && as !== null) {
    const { owner, tenant } = as as Principal
    if (typeof owner === 'string' && owner !== '' && (tenant === undefined || typeof tenant === 'string'))
      return as as Principal
  }
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    'The option "as" is missing or malformed; say who asks: { owner, tenant? }, or "server" for the application itself.',
  )
}

/** The one answer for what is unknown and for what is forbidden. */
export function notFound(): SluiceError {
  return new SluiceError('SLUICE_ERR_NOT_FOUND', 'There is no such stream, or it is not yours.')
}
