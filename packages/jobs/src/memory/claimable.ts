import type { ClaimOptions } from '../documents/document-store.ts'
import type { HeldDocuments } from './held-documents.ts'
import { byDue, type MemoryDocument } from './memory-document.ts'

/** Which documents a claim takes, in order. */
export function claimable(held: HeldDocuments, options: ClaimOptions, nowMs: number): MemoryDocument[] {
  const { kind, to, limit, perScope = Infinity } = options
  const taken: MemoryDocument[] = []
  /** How many of a scope will be in the state `to`. */
  const counts = new Map<string, number>()
  for (const document of candidates(held, options, nowMs)) {
    if (document.state !== to) {
      const count = counts.get(document.scope) ?? held.of(kind).count(to, document.scope)
      if (count >= perScope) continue
      counts.set(document.scope, count + 1)
    }
    taken.push(document)
    if (taken.length === limit) break
  }
  return taken
}

function candidates(held: HeldDocuments, options: ClaimOptions, nowMs: number): Iterable<MemoryDocument> {
  const { kind, id, olderThanMs } = options
  const from = [...new Set(options.from)]
  const isTime = (document: MemoryDocument): boolean =>
    document.dueAtMs <= nowMs ||
    (olderThanMs !== undefined && !document.held && document.createdAtMs <= nowMs - olderThanMs)
  if (id !== undefined) {
    const one = held.get({ kind, id })
    const isOldEnough = olderThanMs === undefined || (one && one.createdAtMs <= nowMs - olderThanMs)
    return one && from.includes(one.state) && isOldEnough && isTime(one) ? [one] : []
  }
  const lists = held.of(kind)
  if (olderThanMs === undefined) return merged(from.map((state) => lists.due(state, nowMs)))
  return from
    .values()
    .flatMap((state) => lists.writtenBy(state, nowMs - olderThanMs))
    .filter(isTime)
}

/** What each of them gives in order, in one order. */
function* merged(each: readonly Iterator<MemoryDocument>[]): IterableIterator<MemoryDocument> {
  const heads = each.map((documents) => ({ documents, next: documents.next() }))
  for (;;) {
    let first: (typeof heads)[number] | undefined
    for (const head of heads) {
      if (head.next.done) continue
      if (!first || first.next.done || byDue(head.next.value, first.next.value) < 0) first = head
    }
    if (!first || first.next.done) return
    yield first.next.value
    first.next = first.documents.next()
  }
}
