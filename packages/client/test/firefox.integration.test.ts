import { type Browser, launch, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createCuedSource } from './rig/cued-source.ts'
import { type PageServer, startPageServer } from './rig/page-server.ts'

const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)
const WHOLE = TOKENS.join('')

let server: PageServer
let browser: Browser
beforeAll(async () => {
  server = await startPageServer()
  browser = await launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
    headless: true,
  })
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})

async function open(): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(server.origin)
  await page.waitForFunction('document.title === "ready"')
  return page
}

const START = `globalThis.stream = start('/v1/streams', {})
globalThis.painting = paint(stream, document.querySelector('#answer'))
0`
const LENGTH = 'document.querySelector("#answer").textContent.length'
const shown = (page: Page): Promise<unknown> => page.evaluate('document.querySelector("#answer").textContent')

test('contract 1: Firefox reads and paints a stream while it still runs, and all of it at the end', async () => {
  const page = await open()
  const cued = createCuedSource()
  server.source = cued.source
  cued.say(...TOKENS.slice(0, 100))
  await page.evaluate(START)
  const half = TOKENS.slice(0, 100).join('')
  await page.waitForFunction(`${LENGTH} >= ${half.length}`)
  expect(await shown(page)).toBe(half)
  cued.say(...TOKENS.slice(100))
  cued.finish()
  expect(await page.evaluate('painting.done')).toMatchObject({ reason: 'stop', complete: true })
  expect(await shown(page)).toBe(WHOLE)
  await page.close()
})

test('contract 1: a page that is hidden goes on reading, and shows all of it', async () => {
  const page = await open()
  const cued = createCuedSource()
  server.source = cued.source
  cued.say(TOKENS[0]!)
  await page.evaluate(START)
  await page.waitForFunction(`${LENGTH} > 0`)
  const other = await browser.newPage()
  await other.bringToFront()
  // Else what follows would prove nothing.
  await page.waitForFunction('document.visibilityState === "hidden"', { polling: 50 })
  cued.say(...TOKENS.slice(1))
  await page.waitForFunction('stream.cursor.endsWith(".200")', { polling: 50 })
  cued.finish()
  await page.bringToFront()
  await page.waitForFunction('document.visibilityState === "visible"', { polling: 50 })
  await page.evaluate('painting.done')
  expect(await shown(page)).toBe(WHOLE)
  await other.close()
  await page.close()
})

test('contract 1: a page that is loaded again goes on after what it has kept', async () => {
  const page = await open()
  const cued = createCuedSource()
  server.source = cued.source
  cued.say(...TOKENS.slice(0, 100))
  await page.evaluate(START)
  await page.waitForFunction(`${LENGTH} >= ${TOKENS.slice(0, 100).join('').length}`)
  await page.evaluate(`sessionStorage.setItem('bookmark', JSON.stringify(stream.bookmark))`)
  await page.reload()
  await page.waitForFunction('document.title === "ready"')
  cued.say(...TOKENS.slice(100))
  cued.finish()
  const rest = await page.evaluate(`attach(JSON.parse(sessionStorage.getItem('bookmark'))).text()`)
  expect(rest).toBe(TOKENS.slice(100).join(''))
  await page.close()
})
