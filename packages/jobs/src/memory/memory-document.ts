import type { Json } from '@sluice/core'

import type { StoredDocument } from '../documents/document-store.ts'

/** A document as it is held. Where it stands in a list follows from what it says: it is taken out before that is changed. */
export interface MemoryDocument {
  readonly kind: string
  readonly id: string
  readonly createdAtMs: number
  scope: string
  state: string
  priority: number
  version: number
  lease: number
  /** Somebody has the lease, or had it last. */
  held: boolean
  /** JSON, so that nobody can change it from outside. */
  text: string
  /** `Infinity`: never. */
  dueAtMs: number
  forgetAtMs: number
}

/** What is held apart from the text, about: the object, its name, and its places in the lists. */
const COST_BYTES = 400

/** Bytes it takes, about. */
export function bytesOf({ text, scope, id }: MemoryDocument): number {
  return COST_BYTES + 2 * (text.length + scope.length + id.length)
}

/** What is given of it. */
export function storedDocument(document: MemoryDocument): StoredDocument {
  const { kind, id, scope, state, priority, version, lease, text, createdAtMs } = document
  return { kind, id, scope, state, priority, version, lease, value: JSON.parse(text) as Json, createdAtMs }
}

/** Those with more priority first, then those that are due first. */
export function byDue(one: MemoryDocument, other: MemoryDocument): number {
  return other.priority - one.priority || compare(one.dueAtMs, other.dueAtMs) || compare(one.id, other.id)
}

/** Newest first. */
export function byAge(one: MemoryDocument, other: MemoryDocument): number {
  return other.createdAtMs - one.createdAtMs || compare(other.id, one.id)
}

/** Those that are forgotten first. */
export function byForgetting(one: MemoryDocument, other: MemoryDocument): number {
  return one.forgetAtMs - other.forgetAtMs || compare(one.kind, other.kind) || compare(one.id, other.id)
}

function compare<Value extends string | number>(one: Value, other: Value): number {
  return one === other ? 0 : one < other ? -1 : 1
}
