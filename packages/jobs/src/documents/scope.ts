import type { Actor } from '@sluice/core'

/** The scope of what belongs to one owner: no two owners share one, whatever characters their names have. */
export function scopeOf(actor: Actor): string {
  return actor === 'server' ? '' : JSON.stringify([actor.tenant ?? '', actor.owner])
}
