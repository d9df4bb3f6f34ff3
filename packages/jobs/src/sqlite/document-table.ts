import type { Database, Row } from '@sluice/sqlite/extend'

import type { DocumentName, DocumentWrite, ListOptions, StoredDocument } from '../documents/document-store.ts'
import { CountTable } from './count-table.ts'
import { checksumOf, type DocumentHead, documentIn, HEAD, headIn, scopeText, timeColumn } from './document-row.ts'

const IS_THERE = '(forget_at IS NULL OR forget_at > ?1)'

/** The documents in the file. What is over at `nowMs` is not there for anybody, whether it was removed by then or not. */
export class DocumentTable {
  readonly #database: Database
  readonly counts: CountTable

  constructor(database: Database) {
    this.#database = database
    this.counts = new CountTable(database)
  }

  read({ kind, id }: DocumentName, nowMs: number): StoredDocument | undefined {
    const sql = `SELECT * FROM documents WHERE kind = ?2 AND id = ?3 AND ${IS_THERE}`
    const row = this.#database.first(sql, nowMs, kind, id)
    return row && documentIn(row)
  }

  byNumber(number: number): StoredDocument {
    return documentIn(this.#database.first('SELECT * FROM documents WHERE number = ?', number)!)
  }

  head({ kind, id }: DocumentName, nowMs: number): DocumentHead | undefined {
    const sql = `SELECT ${HEAD} FROM documents WHERE kind = ?2 AND id = ?3 AND ${IS_THERE}`
    const row = this.#database.first(sql, nowMs, kind, id)
    return row && headIn(row)
  }

  /** Does what a write says, whatever version there is; `found` is what is there. Gives how many bytes it has written. */
  write(write: DocumentWrite, text: string | undefined, found: DocumentHead | undefined, nowMs: number): number {
    if (text === undefined || !write.place) {
      if (found) this.delete(found)
      return 0
    }
    // One that is over may still have the name.
    if (!found) this.#deleteOver(write)
    const { kind, id, place, dueInMs, forgetInMs } = write
    const { state, priority = 0 } = place
    const scope = scopeText(place.scope)
    const dueAt = dueInMs === undefined ? null : nowMs + dueInMs
    const forgetAt = forgetInMs === undefined ? null : nowMs + forgetInMs
    const says = [scope, state, priority, dueAt, forgetAt, text, checksumOf(text)]
    if (found) {
      const held = found.held && found.state === state && dueAt !== null
      this.#database.run(
        'UPDATE documents SET scope = ?, state = ?, priority = ?, due_at = ?, forget_at = ?, value = ?, checksum = ?, version = version + 1, held = ? WHERE number = ?',
        ...says,
        held ? 1 : 0,
        found.number,
      )
      this.#moved(found, { kind, state, scope })
    } else {
      this.#database.run(
        'INSERT INTO documents (scope, state, priority, due_at, forget_at, value, checksum, version, kind, id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)',
        ...says,
        kind,
        id,
        Math.floor(nowMs),
      )
      this.counts.add({ kind, state, scope }, 1)
    }
    return text.length
  }

  /** Somebody has it now. */
  lease(head: DocumentHead, state: string, dueAtMs: number): void {
    this.#database.run(
      'UPDATE documents SET state = ?, lease = lease + 1, held = 1, due_at = ? WHERE number = ?',
      state,
      dueAtMs,
      head.number,
    )
    this.#moved(head, { ...head, state })
  }

  setDue({ number }: DocumentHead, dueAtMs: number): void {
    this.#database.run('UPDATE documents SET due_at = ? WHERE number = ?', timeColumn(dueAtMs), number)
  }

  list(options: ListOptions, nowMs: number): { readonly documents: readonly StoredDocument[]; readonly more: boolean } {
    const { kind, scope, state, after, limit } = options
    const last = after === undefined ? undefined : this.head({ kind, id: after }, nowMs)
    const isHere = last?.scope === scopeText(scope)
    const ofState = state === undefined ? '' : 'AND state = ?7'
    const rows = this.#database.all(
      `SELECT * FROM documents WHERE kind = ?2 AND scope = ?3 ${ofState} AND ${IS_THERE} AND (created_at, id) < (?4, ?5) ORDER BY created_at DESC, id DESC LIMIT ?6`,
      nowMs,
      kind,
      scopeText(scope),
      // No time and no id is as great as these.
      isHere ? last.createdAtMs : Number.MAX_SAFE_INTEGER,
      isHere ? last.id : '~',
      limit + 1,
      ...(state === undefined ? [] : [state]),
    )
    return { documents: rows.slice(0, limit).map(documentIn), more: rows.length > limit }
  }

  /** `Infinity`: nothing is. */
  nextDueMs(kind: string, state: string, nowMs: number): number {
    let earliestMs = Infinity
    for (const priority of this.priorities(kind, state)) {
      const sql = `SELECT due_at FROM documents WHERE kind = ?2 AND state = ?3 AND priority = ?4 AND due_at IS NOT NULL AND ${IS_THERE} ORDER BY due_at LIMIT 1`
      const row = this.#database.first(sql, nowMs, kind, state, priority)
      if (row) earliestMs = Math.min(earliestMs, Number(row.due_at))
    }
    return earliestMs
  }

  /** The priorities of what is due some time, the greatest first. */
  *priorities(kind: string, state: string): IterableIterator<number> {
    const sql =
      'SELECT max(priority) AS priority FROM documents WHERE kind = ? AND state = ? AND due_at IS NOT NULL AND priority < ?'
    for (let below = Number.MAX_SAFE_INTEGER; ;) {
      const priority = this.#database.first(sql, kind, state, below)?.priority
      if (typeof priority !== 'number') return
      yield priority
      below = priority
    }
  }

  delete(head: DocumentHead): void {
    this.#database.run('DELETE FROM documents WHERE number = ?', head.number)
    this.counts.add(head, -1)
  }

  /** Removes some of those whose time is over; gives how many. */
  forget(nowMs: number, atMost: number): number {
    const sql = `SELECT ${HEAD} FROM documents WHERE forget_at <= ? ORDER BY forget_at LIMIT ?`
    const over = this.#database.all(sql, nowMs, atMost)
    for (const row of over) this.delete(headIn(row))
    return over.length
  }

  /** `Infinity`: none is ever forgotten. */
  nextForgottenMs(): number {
    const row: Row | undefined = this.#database.first(
      'SELECT forget_at FROM documents WHERE forget_at IS NOT NULL ORDER BY forget_at LIMIT 1',
    )
    return row ? Number(row.forget_at) : Infinity
  }

  #deleteOver({ kind, id }: DocumentName): void {
    const row = this.#database.first(`SELECT ${HEAD} FROM documents WHERE kind = ? AND id = ?`, kind, id)
    if (row) this.delete(headIn(row))
  }

  #moved(from: DocumentHead, to: Pick<DocumentHead, 'kind' | 'state' | 'scope'>): void {
    if (from.state === to.state && from.scope === to.scope) return
    this.counts.add(from, -1)
    this.counts.add(to, 1)
  }
}
