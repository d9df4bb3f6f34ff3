import type { RunningGateway } from '@sluice/gateway'
import { afterAll, beforeAll } from 'vitest'

import { type CuedBackend, startCuedBackend } from './cued-backend.ts'
import type { Browser, Tab } from './person.ts'
import { startPage } from './start-page.ts'

/** A gateway with its page, before a backend on cue, and a browser, for the tests of one file. */
export interface Lab {
  readonly backend: CuedBackend
  readonly browser: Browser
  readonly url: string
  /** A tab with the page, and a backend that was asked nothing yet. */
  fresh(): Promise<Tab>
}

export function useLab(launch: () => Promise<Browser>, flags: readonly string[] = []): Lab {
  let backend: CuedBackend
  let gateway: RunningGateway
  let browser: Browser
  beforeAll(async () => {
    backend = await startCuedBackend()
    gateway = await startPage(['--upstream', backend.url, ...flags])
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.close()
    await backend?.[Symbol.asyncDispose]()
  })
  return {
    get backend() {
      return backend
    },
    get browser() {
      return browser
    },
    get url() {
      return gateway.url
    },
    async fresh() {
      backend.renew()
      return browser.open(`${gateway.url}/`)
    },
  }
}
