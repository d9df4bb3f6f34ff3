import type { Database } from '@sluice/sqlite/extend'

import type { ClaimOptions } from '../documents/document-store.ts'
import { type DocumentHead, HEAD, headIn } from './document-row.ts'
import type { DocumentTable } from './document-table.ts'

/** Rows that are looked at together: not many more than are taken at first, and then more and more. */
const FIRST_ROWS = 8
const MOST_ROWS = 256
/** A row of one that is due, and its place in the order. */
type Candidate = DocumentHead & { readonly priority: number }

/** What a claim is found with. */
export interface ClaimContext {
  readonly database: Database
  readonly documents: DocumentTable
  readonly nowMs: number
}

/** Which documents a claim takes, in order. */
export function claimable(context: ClaimContext, options: ClaimOptions): DocumentHead[] {
  const { kind, to, limit, perScope = Infinity } = options
  const taken: DocumentHead[] = []
  /** How many of a scope will be in the state `to`. */
  const counts = new Map<string, number>()
  for (const head of candidates(context, options)) {
    if (head.state !== to && perScope < Infinity) {
      const { documents, nowMs } = context
      const count = counts.get(head.scope) ?? documents.counts.count(kind, to, JSON.parse(head.scope) as string, nowMs)
      if (count >= perScope) continue
      counts.set(head.scope, count + 1)
    }
    taken.push(head)
    if (taken.length === limit) break
  }
  return taken
}

function candidates(context: ClaimContext, options: ClaimOptions): Iterable<DocumentHead> {
  const { documents, nowMs } = context
  const { kind, id, olderThanMs } = options
  const from = [...new Set(options.from)]
  const bornByMs = olderThanMs === undefined ? Infinity : nowMs - olderThanMs
  if (id !== undefined) {
    const one = documents.head({ kind, id }, nowMs)
    const isTime = one && (one.dueAtMs <= nowMs || (olderThanMs !== undefined && !one.held))
    return isTime && one.createdAtMs <= bornByMs && from.includes(one.state) ? [one] : []
  }
  if (olderThanMs === undefined) return merged(from.map((state) => due(context, options, state)))
  return from.values().flatMap((state) => born(context, kind, state, bornByMs))
}

/** Those of a state that are due, in their order. */
function* due(context: ClaimContext, options: ClaimOptions, state: string): IterableIterator<Candidate> {
  const { database, documents, nowMs } = context
  const { kind, to, perScope } = options
  // Of scopes that have enough there may be very many: they are passed over without being looked at one by one here.
  const hasRoom =
    perScope === undefined || state === to
      ? ''
      : 'AND scope NOT IN (SELECT scope FROM counts WHERE kind = ?2 AND state = ?8 AND documents >= ?9)'
  const bounds = hasRoom === '' ? [] : [to, perScope!]
  const sql = `SELECT ${HEAD} FROM documents WHERE kind = ?2 AND state = ?3 AND priority = ?4 AND due_at <= ?1 AND (due_at, id) > (?5, ?6) AND (forget_at IS NULL OR forget_at > ?1) ${hasRoom} ORDER BY due_at, id LIMIT ?7`
  for (const priority of documents.priorities(kind, state)) {
    let [dueAtMs, id] = [-1, '']
    for (let rows = rowsFor(options.limit), isFull = true; isFull; rows = Math.min(4 * rows, MOST_ROWS)) {
      const found = database.all(sql, nowMs, kind, state, priority, dueAtMs, id, rows, ...bounds)
      isFull = found.length === rows
      for (const row of found) {
        const head = headIn(row)
        yield { ...head, priority }
        ;({ dueAtMs, id } = head)
      }
    }
  }
}

function rowsFor(limit: number): number {
  return Math.min(Math.max(limit, FIRST_ROWS), MOST_ROWS)
}

/** Those of a state that were written first by then, oldest first, and that nobody has. */
function* born(
  { database, nowMs }: ClaimContext,
  kind: string,
  state: string,
  byMs: number,
): IterableIterator<DocumentHead> {
  const sql = `SELECT ${HEAD} FROM documents WHERE kind = ?2 AND state = ?3 AND created_at <= ?4 AND (created_at, number) > (?5, ?6) AND (forget_at IS NULL OR forget_at > ?1) ORDER BY created_at, number LIMIT ?7`
  let [createdAtMs, number] = [-1, -1]
  for (let isFull = true; isFull;) {
    const rows = database.all(sql, nowMs, kind, state, byMs, createdAtMs, number, MOST_ROWS)
    isFull = rows.length === MOST_ROWS
    for (const row of rows) {
      const head = headIn(row)
      ;({ createdAtMs, number } = head)
      if (!head.held || head.dueAtMs <= nowMs) yield head
    }
  }
}

/** What each of them gives in order, in one order. */
function* merged(each: readonly Iterator<Candidate>[]): IterableIterator<Candidate> {
  const heads = each.map((documents) => ({ documents, next: documents.next() }))
  for (;;) {
    let first: (typeof heads)[number] | undefined
    for (const head of heads) {
      if (head.next.done) continue
      if (!first || first.next.done || isBefore(head.next.value, first.next.value)) first = head
    }
    if (!first || first.next.done) return
    yield first.next.value
    first.next = first.documents.next()
  }
}

function isBefore(one: Candidate, other: Candidate): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority
  return one.dueAtMs === other.dueAtMs ? one.id < other.id : one.dueAtMs < other.dueAtMs
}
