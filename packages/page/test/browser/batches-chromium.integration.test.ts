import { afterAll, beforeAll } from 'vitest'

import { describeBatches } from '../rig/batches.ts'
import { launchChromium } from '../rig/chromium.ts'
import type { Browser } from '../rig/person.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())
describeBatches(() => browser)
