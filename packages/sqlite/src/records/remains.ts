import type { Database } from '../file/database.ts'
import { deleteSomeSegments } from './segments.ts'
import { numberIn } from './stream-row.ts'

/** Segments of streams that are gone: there may be many of one stream, and they go in steps. */
export class RemainsTable {
  readonly #database: Database
  /** Whether what they say is to be overwritten, by the number of the stream. */
  readonly #wiped: Map<number, boolean>

  constructor(database: Database) {
    this.#database = database
    const rows = database.all('SELECT number, wiped FROM remains')
    this.#wiped = new Map(rows.map(({ number, wiped }) => [numberIn(number), wiped === 1]))
  }

  get size(): number {
    return this.#wiped.size
  }

  add(number: number, wiped: boolean): void {
    this.#database.run('INSERT INTO remains (number, wiped) VALUES (?, ?)', number, wiped ? 1 : 0)
  }

  /** What was added is committed: from now on it may go. */
  added(number: number, wiped: boolean): void {
    this.#wiped.set(number, wiped)
  }

  /** Deletes some; gives whether there were any. */
  deleteSome(count: number): boolean {
    const [first] = this.#wiped
    if (!first) return false
    const [number, wiped] = first
    if (wiped) this.#database.exec('PRAGMA secure_delete = ON')
    try {
      const isOver = this.#database.transaction(() => {
        if (deleteSomeSegments(this.#database, number, count)) return false
        return this.#database.run('DELETE FROM remains WHERE number = ?', number) > 0
      })
      if (isOver) this.#wiped.delete(number)
    } finally {
      if (wiped) this.#database.exec('PRAGMA secure_delete = OFF')
    }
    return true
  }
}
