import type { Logged } from '@sluice/core/extend'

import type { Database } from '../file/database.ts'
import { damaged } from '../file/store-error.ts'
import { requireEvents } from './segments.ts'
import { checksumOf, fromCheckedJson, toJson } from './stored-json.ts'

/** What one stream has said, in a row of the journal. */
export type JournalEntry = readonly [stream: number, epoch: number, firstSeq: number, events: readonly Logged[]]

const WHAT = 'A row of the journal'

/** Gives how many bytes the row has, about. */
export function writeJournal(database: Database, number: number, entries: readonly JournalEntry[]): number {
  const text = toJson(entries)
  database.run('INSERT INTO journal (number, entries, checksum) VALUES (?, ?, ?)', number, text, checksumOf(text))
  return text.length
}

/** The row after that number. @throws SluiceError `SLUICE_ERR_STORE` */
export function nextJournalRow(
  database: Database,
  after: number,
): { readonly number: number; readonly entries: readonly JournalEntry[] } | undefined {
  const row = database.first(
    'SELECT number, entries, checksum FROM journal WHERE number > ? ORDER BY number LIMIT 1',
    after,
  )
  if (!row) return undefined
  const { number, entries: text, checksum } = row
  const entries = fromCheckedJson<JournalEntry[]>(text, checksum, WHAT)
  if (typeof number !== 'number' || !Array.isArray(entries)) throw damaged(WHAT)
  for (const entry of entries) requireEvents(entry[3], WHAT)
  return { number, entries }
}

/** What the rows from that number on have of a stream, in order. @throws SluiceError `SLUICE_ERR_STORE` */
export function journalEntriesOf(database: Database, stream: number, fromRow: number): JournalEntry[] {
  const found: JournalEntry[] = []
  for (let row = nextJournalRow(database, fromRow - 1); row; row = nextJournalRow(database, row.number))
    found.push(...row.entries.filter(([number]) => number === stream))
  return found
}

/** Forgets the rows before that number. */
export function trimJournal(database: Database, before: number): void {
  database.run('DELETE FROM journal WHERE number < ?', before)
}
