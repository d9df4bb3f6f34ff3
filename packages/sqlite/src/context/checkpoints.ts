import type { MaybePromise } from '@sluice/core/extend'

import type { Database } from '../file/database.ts'
import type { Disk } from '../file/disk.ts'

/** So much of the log is moved into the file at once. */
const PAGES = 1_000

/**
 * What the event loop would wait for if SQLite asked the disk itself. Commits go to the log and are not waited for; whoever needs one
 * on the disk waits for {@link durable}, which takes all of the time before with it. Now and then the log is moved into the file.
 * Between the two of these that order matters for, nothing is committed: the log must be on the disk before the file is
 * changed, and the file before the log begins anew.
 */
export class Checkpoints {
  readonly #database: Database
  readonly #disk: Disk
  readonly #warn: (message: string) => void
  readonly #of: string
  /** Pages written since the last checkpoint, about. */
  #pages = 0
  #syncing: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined
  #holding: Promise<void> | undefined

  /** `of`: a word for what is in the file. */
  constructor(database: Database, disk: Disk, warn: (message: string) => void, of = 'streams') {
    this.#database = database
    this.#disk = disk
    this.#warn = warn
    this.#of = of
  }

  /** Set while nothing may be committed; settles when that is over. */
  get holding(): Promise<void> | undefined {
    return this.#holding
  }

  /** Does `act`, which commits something, as soon as that may be done: now, mostly. */
  whenFree<Value>(act: () => Value): MaybePromise<Value> {
    return this.#holding ? this.#holding.then(() => this.whenFree(act)) : act()
  }

  /** Settles once all that was committed by now is on the disk, or the operator was told that it may not be. Never rejects. */
  async durable(): Promise<void> {
    await this.confirmed()
  }

  /**
   * The same; gives whether the disk has confirmed it. One sync is under way at a time; others share the next. Never rejects.
   */
  confirmed(): Promise<boolean> {
    if (!this.#syncing) {
      this.#syncing = this.#sync().finally(() => (this.#syncing = undefined))
      return this.#syncing
    }
    this.#next ??= this.#syncing.then(() => {
      this.#next = undefined
      return this.confirmed()
    })
    return this.#next
  }

  /** So many pages were written, about. */
  wrote(pages: number): void {
    this.#pages += pages
    if (this.#pages < PAGES || this.#holding) return
    this.#pages = 0
    // Most of the log is on the disk by the time that commits must wait for it.
    void this.confirmed().then(() => {
      this.#holding ??= this.#moveLog().finally(() => (this.#holding = undefined))
    })
  }

  /** Settles once nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#syncing ?? this.#next ?? this.#holding) await (this.#syncing ?? this.#next ?? this.#holding)
  }

  async #moveLog(): Promise<void> {
    try {
      await this.#disk.syncLog()
      this.#database.exec('PRAGMA synchronous = OFF')
      try {
        this.#database.all('PRAGMA wal_checkpoint(PASSIVE)')
      } finally {
        this.#database.exec('PRAGMA synchronous = NORMAL')
      }
      await this.#disk.syncData()
    } catch (error) {
      this.#warn(`The log of the file of ${this.#of} could not be moved into the file: ${String(error)}`)
    }
  }

  async #sync(): Promise<boolean> {
    try {
      await this.#disk.syncLog()
      return true
    } catch (error) {
      this.#warn(`The disk has not confirmed what was written to the file of ${this.#of}: ${String(error)}`)
      return false
    }
  }
}
