import { describe } from 'vitest'

import { describeBasics } from './store/basics.ts'
import { describeDifferential } from './store/differential.ts'
import type { StoreDriver } from './store/driver.ts'
import { describeEnds } from './store/ends.ts'
import { describeHolding } from './store/holding.ts'
import { describeIdempotency } from './store/idempotency.ts'
import { describeKeys } from './store/keys.ts'
import { describeLogs } from './store/logs.ts'
import { createOpenStore } from './store/rig.ts'

/**
 * The suite that every store passes: call it in a Vitest file.
 *
 * @example
 * ```ts
 * describeStore('memory', { create: (runtime) => createMemoryStore({ runtime }) })
 * ```
 */
export function describeStore(name: string, driver: StoreDriver): void {
  const open = createOpenStore(driver)
  describe(`the store ${name}`, () => {
    describeBasics(open)
    describeKeys(open)
    describeIdempotency(open)
    describeEnds(open)
    describeLogs(open)
    describeHolding(open, driver)
    describeDifferential(driver)
  })
}
