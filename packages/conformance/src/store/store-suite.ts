import { describe } from 'vitest'

import { describeBasics } from './cases/basics.ts'
import { describeDifferential } from './cases/differential.ts'
import type { StoreDriver } from './rig/driver.ts'
import { describeEnds } from './cases/ends.ts'
import { describeHolding } from './cases/holding.ts'
import { describeIdempotency } from './cases/idempotency.ts'
import { describeKeys } from './cases/keys.ts'
import { describeLogs } from './cases/logs.ts'
import { createOpenStore, type OpenStore } from './rig/rig.ts'
import { describeSharing } from './cases/sharing.ts'

/** A remote store takes its time, and so may its server. */
const TIMEOUT_MS = 180_000

/**
 * The suite that every store passes: call it in a Vitest file.
 *
 * @example
 * ```ts
 * describeStore('memory', { create: (runtime) => createMemoryStore({ runtime }) })
 * ```
 */
export function describeStore(name: string, driver: StoreDriver): void {
  describe(`the store ${name}`, { timeout: TIMEOUT_MS }, () => {
    describeSeen(createOpenStore(driver), driver)
    describeShared(driver)
    describeDifferential(driver)
  })
}

function describeSeen(open: OpenStore, driver: StoreDriver): void {
  describeBasics(open)
  describeKeys(open)
  describeIdempotency(open)
  describeEnds(open)
  describeLogs(open)
  describeHolding(open, driver)
}

/** Everything once more, streams being produced in one place and looked at in another; and what is between the two. */
function describeShared(driver: StoreDriver): void {
  if (!driver.another) return
  const open = createOpenStore(driver, true)
  describe('seen through another store on the same data', () => {
    describeSeen(open, driver)
  })
  describeSharing(open, driver)
}
