import { describe } from 'vitest'

import { describeClaims } from './claims.ts'
import { describePlaces } from './places.ts'
import { describeModel } from './property.ts'
import { describeRefusals } from './refusals.ts'
import { describeRestart } from './restart.ts'
import type { DocumentStoreDriver } from './rig.ts'
import { describeWrites } from './writes.ts'

/** The suite that every store of documents passes: call it in a Vitest file. */
export function documentStoreSuite(name: string, driver: DocumentStoreDriver): void {
  describe(`documents in ${name}`, () => {
    describeWrites(driver)
    describePlaces(driver)
    describeClaims(driver)
    if (driver.survives) describeRestart(driver)
    describeRefusals(driver)
    describeModel(driver)
  })
}
