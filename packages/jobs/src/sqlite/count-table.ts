import type { Database } from '@sluice/sqlite/extend'

import { type DocumentHead, scopeText } from './document-row.ts'

/** The scope of what is counted of all scopes: no scope is written so. */
const ALL = ''

/** How many documents there are in each place. */
export class CountTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** One more, or one less. */
  add({ kind, state, scope }: Pick<DocumentHead, 'kind' | 'state' | 'scope'>, change: 1 | -1): void {
    for (const each of [scope, ALL]) {
      this.#database.run(
        'INSERT INTO counts (kind, state, scope, documents) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET documents = documents + excluded.documents',
        kind,
        state,
        each,
        change,
      )
      if (change > 0) continue
      this.#database.run(
        'DELETE FROM counts WHERE kind = ? AND state = ? AND scope = ? AND documents = 0',
        kind,
        state,
        each,
      )
    }
  }

  /** How many there are by then: those whose time is over are not counted, though they may still be in the file. */
  count(kind: string, state: string, scope: string | undefined, nowMs: number): number {
    const of = scope === undefined ? ALL : scopeText(scope)
    const held = this.#database.first(
      'SELECT documents FROM counts WHERE kind = ? AND state = ? AND scope = ?',
      kind,
      state,
      of,
    )
    if (!held) return 0
    const over = this.#database.first(
      'SELECT count(*) AS documents FROM documents INDEXED BY documents_by_forgetting WHERE forget_at <= ?1 AND kind = ?2 AND state = ?3 AND (scope = ?4 OR ?4 = ?5)',
      nowMs,
      kind,
      state,
      of,
      ALL,
    )
    return Number(held.documents) - Number(over?.documents)
  }
}
