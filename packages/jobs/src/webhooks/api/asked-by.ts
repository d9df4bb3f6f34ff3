import { type Actor, SluiceError } from '@sluice/core'
import { requireInteger, requirePrincipal, type Scheduler, withDefault } from '@sluice/core/extend'

import { scopeOf } from '../../documents/scope.ts'

/** Who asks. */
export interface AskedBy {
  readonly as: Actor
}

/** Which part of a list. */
export interface Page {
  /** The last id of the page before. */
  readonly after?: string | undefined
  /**
   * At most 100.
   * @defaultValue 20
   */
  readonly limit?: number | undefined
}

/** The scope of who asks. @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_UNAUTHORIZED` */
export async function requireScope(scheduler: Scheduler, { as }: AskedBy): Promise<string> {
  return scopeOf(as === 'server' ? as : await requirePrincipal(scheduler, as, 'as'))
}

/** How many of a list. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireLimit({ limit }: Page): number {
  return requireInteger('limit', withDefault(limit, 20), 1, 100)
}

/** Whether what belongs to `owner` is there for who asks. The application itself sees everything. */
export function isTheirs(owner: string, scope: string, { as }: AskedBy): boolean {
  return as === 'server' || owner === scope
}

const ID = /^[\w-]{1,128}$/

/** Whether an id may be asked for: a store takes others for a fault of the program. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id)
}

/** The one answer for what is unknown and for what is somebody else's. */
export function notFound(what: string): SluiceError {
  return new SluiceError('SLUICE_ERR_NOT_FOUND', `There is no such ${what}, or it is not yours.`)
}

/** The answer where somebody else changed the same thing again and again. */
export function busy(what: string): SluiceError {
  const message = `The ${what} was changed by others several times while it was to be changed; try again.`
  return new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 })
}
