import type { Json } from '@sluice/core'

import type { Database } from '../file/database.ts'
import { fromJson, nameText, toJson } from './stored-json.ts'
import { numberIn } from './stream-row.ts'

/** As many as the inbox of a source that runs. */
const MAX_MESSAGES = 64
const MAX_BYTES = 256 * 1024
/** Names of readers whose credit is remembered, of one stream. */
const MAX_GRANTS = 1_000

/** What waits for a source that is to be run again, and what readers were granted. */
export class MessageTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** `false`: there is no room for it. */
  send(stream: number, message: Json): boolean {
    const text = toJson(message)
    const held = this.#database.first(
      'SELECT count(*) AS count, coalesce(sum(length(message)), 0) AS bytes FROM inbox WHERE stream = ?',
      stream,
    )
    if (numberIn(held?.count) >= MAX_MESSAGES || numberIn(held?.bytes) + text.length > MAX_BYTES) return false
    this.#database.run('INSERT INTO inbox (stream, message) VALUES (?, ?)', stream, text)
    return true
  }

  /** What waits, oldest first; it waits no more. */
  take(stream: number): Json[] {
    const rows = this.#database.all('SELECT message FROM inbox WHERE stream = ? ORDER BY number', stream)
    if (rows.length > 0) this.#database.run('DELETE FROM inbox WHERE stream = ?', stream)
    return rows.map(({ message }) => fromJson<Json>(message, 'A message'))
  }

  grant(stream: number, reader: string, seq: number): void {
    this.#database.run(
      'INSERT INTO grants (stream, reader, seq) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq',
      stream,
      nameText(reader),
      seq,
    )
  }

  grants(stream: number): Map<string, number> {
    const rows = this.#database.all('SELECT reader, seq FROM grants WHERE stream = ?', stream)
    return new Map(rows.map(({ reader, seq }) => [fromJson<string>(reader, 'A grant'), numberIn(seq)]))
  }

  /** Nothing is left of the stream. */
  delete(stream: number): void {
    this.#database.run('DELETE FROM inbox WHERE stream = ?', stream)
    this.#database.run('DELETE FROM grants WHERE stream = ?', stream)
  }
}

/** Remembers a grant, unless there are too many names already; gives whether it is remembered. */
export function remember(grants: Map<string, number>, reader: string, seq: number): boolean {
  if (!grants.has(reader) && grants.size >= MAX_GRANTS) return false
  grants.set(reader, seq)
  return true
}
