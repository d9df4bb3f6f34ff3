import { Deadline, type Due, type Scheduler, type WallClock } from '@sluice/core/extend'
import {
  type Checkpoints,
  type Database,
  freePages,
  giveBackPages,
  PAGES_AT_ONCE,
  PAUSE_MS,
  Stepwise,
} from '@sluice/sqlite/extend'

import type { DocumentTable } from './document-table.ts'

/** Documents that go at once. */
const DOCUMENTS_AT_ONCE = 8
/** A time further away than that is looked at again on the way. */
const MAX_SLEEP_MS = 3_600_000

/** What the upkeep of a file works with. */
export interface UpkeepParts {
  readonly database: Database
  readonly documents: DocumentTable
  readonly checkpoints: Checkpoints
  readonly scheduler: Scheduler
  readonly clock: WallClock
  readonly warn: (message: string) => void
}

/** Removes documents whose time is over, and gives room that is free back to the disk: some at a time. */
export class DocumentsUpkeep implements Due {
  readonly #parts: UpkeepParts
  readonly #deadline: Deadline = new Deadline(this)
  readonly #steps: Stepwise
  #stopped = false

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#steps = new Stepwise(parts.scheduler.runtime, (error) =>
      parts.warn(`Documents that are over could not be removed: ${String(error)}`),
    )
    this.plan()
  }

  /** Something else may be over next, or there may be more room that is free. */
  plan(): void {
    if (this.#stopped) return
    const { documents, clock } = this.#parts
    if (freePages(this.#parts.database) > 0) return this.#planIn(PAUSE_MS)
    const atMs = documents.nextForgottenMs()
    if (atMs === Infinity) return this.#parts.scheduler.cancel(this.#deadline)
    this.#planIn(Math.min(Math.max(0, atMs - clock.now()), MAX_SLEEP_MS))
  }

  due(): void {
    void this.#parts.checkpoints.whenFree(() => {
      if (this.#stopped) return
      const againInMs = this.#steps.run(() => this.#doSome())
      if (againInMs === undefined) this.plan()
      else this.#planIn(againInMs)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#parts.scheduler.cancel(this.#deadline)
  }

  /** What is planned for an earlier time stays so: under steady writing it would be put off for ever. */
  #planIn(ms: number): void {
    const { scheduler } = this.#parts
    const atMs = scheduler.now() + ms
    if (atMs < this.#deadline.atMs) scheduler.schedule(this.#deadline, atMs)
  }

  /** `false`: there is nothing to be done now. */
  #doSome(): boolean {
    const { database, documents, clock, checkpoints } = this.#parts
    const forgotten = database.transaction(() => documents.forget(clock.now(), DOCUMENTS_AT_ONCE))
    if (forgotten > 0) {
      checkpoints.wrote(4 * forgotten)
      return true
    }
    if (!giveBackPages(database)) return false
    checkpoints.wrote(PAGES_AT_ONCE)
    return true
  }
}
