import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

import { launchChromium } from './chromium.ts'
import { type PageServer, startPageServer } from './page-server.ts'

/** A page server and a Chromium for the tests of one file: there from before the first until after the last. */
export interface BrowserLab {
  readonly server: PageServer
  readonly browser: Browser
}

export function useBrowserLab(): BrowserLab {
  let server: PageServer
  let browser: Browser
  beforeAll(async () => {
    server = await startPageServer()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })
  return {
    get server() {
      return server
    },
    get browser() {
      return browser
    },
  }
}
