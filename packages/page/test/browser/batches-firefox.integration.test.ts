import { afterAll, beforeAll } from 'vitest'

import { describeBatches } from '../rig/batches.ts'
import { launchFirefox } from '../rig/firefox.ts'
import type { Browser } from '../rig/person.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchFirefox()
})
afterAll(() => browser?.close())
describeBatches(() => browser)
