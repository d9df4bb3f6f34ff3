import { SluiceError } from '@sluice/core'
import { invalidOption, requireInteger, requireNumber } from '@sluice/core/extend'

import type { ClaimOptions, DocumentBound, DocumentName, DocumentWrite, ListOptions } from './document-store.ts'

const KIND = /^[a-z-]{1,32}$/
const ID = /^[\w-]{1,128}$/
const STATE = /^[\w-]{1,32}$/
/** A thousand years: a sum of two such times is still a whole number. */
const MAX_MS = 31_556_952_000_000
/** How many documents one call may ask for. */
const MAX_AT_ONCE = 10_000
const MAX_PRIORITY = 1_000

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireKind(kind: unknown): void {
  if (typeof kind !== 'string' || !KIND.test(kind)) throw invalidOption('kind', kind, '1 to 32 characters of a-z and -')
}

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireName({ kind, id }: DocumentName): void {
  requireKind(kind)
  if (typeof id !== 'string' || !ID.test(id)) throw invalidOption('id', id, '1 to 128 characters of A-Za-z0-9_-')
}

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireState(state: unknown): void {
  if (typeof state !== 'string' || !STATE.test(state))
    throw invalidOption('state', state, '1 to 32 characters of A-Za-z0-9_-')
}

/** A lease's time. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireLeaseMs(leaseMs: unknown): void {
  requireNumber('leaseMs', leaseMs, 1, MAX_MS)
}

/** What every store refuses before it looks at what it has. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireWrites(writes: readonly DocumentWrite[], bounds: readonly DocumentBound[]): void {
  const names = new Set<string>()
  for (const write of writes) {
    requireWrite(write)
    const name = `${write.kind} ${write.id}`
    if (names.has(name)) throw invalidOption('writes', name, 'one write for each document')
    names.add(name)
  }
  for (const { kind, scope, state, atMost } of bounds) {
    requireKind(kind)
    requireState(state)
    if (scope !== undefined) requireScope(scope)
    requireInteger('atMost', atMost, 0, Number.MAX_SAFE_INTEGER)
  }
}

function requireWrite(write: DocumentWrite): void {
  requireName(write)
  requireInteger('after', write.after, 0, Number.MAX_SAFE_INTEGER)
  if (write.value === undefined) return
  const { place, dueInMs, forgetInMs, value } = write
  // As JSON these are nothing: they would be taken for a removal.
  if (['function', 'symbol'].includes(typeof value)) throw invalidOption('value', typeof value, 'JSON')
  if (!place) throw invalidOption('place', place, 'given with a value')
  requireScope(place.scope)
  requireState(place.state)
  if (place.priority !== undefined) requireInteger('priority', place.priority, -MAX_PRIORITY, MAX_PRIORITY)
  if (dueInMs !== undefined) requireNumber('dueInMs', dueInMs, 0, MAX_MS)
  if (forgetInMs !== undefined) requireNumber('forgetInMs', forgetInMs, 0, MAX_MS)
}

function requireScope(scope: unknown): void {
  if (typeof scope !== 'string') throw invalidOption('scope', scope, 'a text')
}

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireClaim({ kind, from, to, leaseMs, limit, perScope, id, olderThanMs }: ClaimOptions): void {
  requireKind(kind)
  for (const state of [...from, to]) requireState(state)
  requireLeaseMs(leaseMs)
  requireInteger('limit', limit, 1, MAX_AT_ONCE)
  if (perScope !== undefined) requireInteger('perScope', perScope, 1, Number.MAX_SAFE_INTEGER)
  if (id !== undefined) requireName({ kind, id })
  if (olderThanMs !== undefined) requireNumber('olderThanMs', olderThanMs, 0, MAX_MS)
}

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireList({ kind, scope, state, after, limit }: ListOptions): void {
  requireKind(kind)
  requireScope(scope)
  if (state !== undefined) requireState(state)
  if (after !== undefined && typeof after !== 'string') throw invalidOption('after', after, 'an id')
  requireInteger('limit', limit, 1, MAX_AT_ONCE)
}

/** Of whoever asks a store that is closed. */
export function documentsClosed(name: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_STORE',
    `The documents of ${name} did not do what they were asked: they are closed.`,
  )
}

/** Whether nothing that is there is written to: that may wait until there is room. What is there must be able to end, with what follows from it. */
export function areNew(writes: readonly DocumentWrite[]): boolean {
  return writes.length > 0 && writes.every(({ after, value }) => after === 0 && value !== undefined)
}

/** By then some have been forgotten, most likely. */
const RETRY_AFTER_MS = 5_000

/** Of whoever writes a new document where there is no room for another. */
export function documentsFull(option: string, maxBytes: number): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OVERLOADED',
    `The documents take all of the ${maxBytes} bytes that ${option} of their store allows, and no more are taken; try again later.`,
    { retryAfterMs: RETRY_AFTER_MS },
  )
}
