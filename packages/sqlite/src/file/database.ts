import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What a column has. */
export type SqlValue = string | number | null

/** One row, by the names of its columns. */
export type Row = Readonly<Record<string, SqlValue>>

/** How large the file may become. */
export interface DatabaseBounds {
  readonly maxPages?: number | undefined
  /** How much larger for what makes room. */
  readonly reservedPages?: number | undefined
}

/** An open file of SQLite. Statements are prepared once, by their text. */
export class Database {
  readonly #sqlite: DatabaseSync
  readonly #statements: Map<string, StatementSync> = new Map()
  readonly #maxPages: number
  readonly #reservedPages: number
  #isInTransaction = false

  constructor(sqlite: DatabaseSync, { maxPages = 0, reservedPages = 0 }: DatabaseBounds = {}) {
    this.#sqlite = sqlite
    this.#maxPages = maxPages
    this.#reservedPages = reservedPages
  }

  /** Runs statements that give nothing. */
  exec(sql: string): void {
    this.#sqlite.exec(sql)
  }

  /** Runs a statement; gives how many rows it has changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes)
  }

  /** The first row, if there is one. */
  first(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined
  }

  /** All rows. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[]
  }

  /** The number that a pragma says. */
  pragma(name: string): number {
    return Number(Object.values(this.first(`PRAGMA ${name}`) ?? {})[0])
  }

  /** All that `act` does, or nothing of it. Within another one it is part of that. */
  transaction<Value>(act: () => Value): Value {
    if (this.#isInTransaction) return act()
    this.#prepared('BEGIN IMMEDIATE').run()
    this.#isInTransaction = true
    try {
      const value = act()
      this.#prepared('COMMIT').run()
      return value
    } catch (error) {
      this.#rollBack()
      throw error
    } finally {
      this.#isInTransaction = false
    }
  }

  /** Lets the file become larger than it may, for what must be written to make room. */
  withReserve<Value>(act: () => Value): Value {
    this.exec(`PRAGMA max_page_count = ${this.#maxPages + this.#reservedPages}`)
    try {
      return act()
    } finally {
      this.exec(`PRAGMA max_page_count = ${this.#maxPages}`)
    }
  }

  /** Nothing can be asked any more. */
  close(): void {
    this.#statements.clear()
    this.#sqlite.close()
  }

  #rollBack(): void {
    try {
      this.#prepared('ROLLBACK').run()
    } catch {
      // Of some errors SQLite has rolled back itself.
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
