import type { Database } from './database.ts'
import { PAGE_BYTES } from './open-file.ts'

/** Pages that go at once. */
export const PAGES_AT_ONCE = 32
/** Free pages that the file keeps for what comes next. */
const SPARE_PAGES = 256

/** Free pages that the file need not keep. */
export function freePages(database: Database): number {
  return Math.max(0, database.pragma('freelist_count') - SPARE_PAGES)
}

/** Gives some of them back to the disk; `false`: there are none. */
export function giveBackPages(database: Database): boolean {
  const free = freePages(database)
  if (free === 0) return false
  database.all(`PRAGMA incremental_vacuum(${Math.min(free, PAGES_AT_ONCE)})`)
  return true
}

/** Bytes of the file that are in use. */
export function usedBytes(database: Database): number {
  return (database.pragma('page_count') - database.pragma('freelist_count')) * PAGE_BYTES
}
