import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { useBrowserLab } from './rig/browser-lab.ts'
import { FOR_EVER, openContext, openTab, PAINT, ready, shown, untilShown } from './rig/chromium.ts'
import { createCuedSource } from './rig/cued-source.ts'

const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)
const HALF = TOKENS.slice(0, 100).join('')
const WHOLE = TOKENS.join('')

const lab = useBrowserLab()

/** Starts a stream on a page, and lets it come to half of its text. */
async function halfWay(page: Page) {
  const cued = createCuedSource()
  lab.server.source = cued.source
  cued.say(...TOKENS.slice(0, 100))
  await page.evaluate(`globalThis.stream = start('/v1/streams', {}); ${PAINT}; 0`)
  await untilShown(page, HALF)
  return {
    cued,
    goOn(): void {
      cued.say(...TOKENS.slice(100))
      cued.finish()
    },
  }
}

test.each([
  ['its connection is kept as well', false],
  ['its connection was lost meanwhile', true],
])('contract 1: a page that was left, and that the browser kept, goes on where it was: %s', async (_, isCut) => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  lab.server.asked.length = 0
  await page.evaluate(FOR_EVER)
  const { cued, goOn } = await halfWay(page)
  await page.evaluate(`addEventListener('pageshow', ({ persisted }) => (globalThis.persisted = persisted)), 0`)
  await page.goto(`${lab.server.origin}/elsewhere`)
  await ready(page)
  if (isCut) lab.server.cut()
  goOn()
  await page.goBack({ waitUntil: 'commit' })
  await ready(page)
  // Else it is a page like any other, and what follows would prove nothing.
  expect(await page.evaluate('globalThis.persisted')).toBe(true)
  await page.evaluate('painting.done')
  expect(await shown(page)).toBe(WHOLE)
  expect(cued.started).toBe(1)
  // Where it was lost nothing comes without asking for it.
  expect(lab.server.asked.some((asked) => asked.startsWith('GET')) || !isCut).toBe(true)
})

test('contract 1: a service worker between page and server changes nothing, also where a connection is lost', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  await page.evaluate(`navigator.serviceWorker.register('/worker.js').then(() => 0)`)
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  const { cued, goOn } = await halfWay(page)
  // It is in between: what it was asked for came by it.
  const timing = `performance.getEntriesByType('resource').findLast(({ name }) => name.endsWith('/v1/streams')).workerStart`
  const ended = page.evaluate('stream.ended')
  lab.server.cut()
  goOn()
  expect(await ended).toMatchObject({ complete: true })
  await page.evaluate('painting.done')
  expect(await page.evaluate(timing)).toBeGreaterThan(0)
  expect(await shown(page)).toBe(WHOLE)
  expect(cued.started).toBe(1)
})

test('contract 9: of two tabs that show one stream, one goes on when the other is closed', async () => {
  const context = await openContext(lab.browser)
  const [first, second] = [await openTab(context, lab.server.origin), await openTab(context, lab.server.origin)]
  const { cued, goOn } = await halfWay(first)
  const url = JSON.stringify(await first.evaluate('stream.bookmark.url'))
  await second.evaluate(`globalThis.stream = attach({ url: ${url} }); ${PAINT}; 0`)
  await untilShown(second, HALF)
  expect(lab.server.open).toBe(2)
  await first.close()
  await expect.poll(() => lab.server.open).toBe(1)
  goOn()
  expect(await second.evaluate('painting.done')).toMatchObject({ complete: true })
  expect(await shown(second)).toBe(WHOLE)
  expect([cued.started, cued.aborted]).toEqual([1, false])
})
