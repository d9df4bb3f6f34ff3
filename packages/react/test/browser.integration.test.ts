import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { type CuedRun, onCue } from './rig/on-cue.ts'
import { type PageServer, startPageServer } from './rig/page-server.ts'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const APP = new URL('app/app.ts', import.meta.url)

let server: PageServer
let browser: Browser
beforeAll(async () => {
  server = await startPageServer(APP)
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  browser = await chromium.launch({ executablePath, headless: true, args: ARGS })
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})

async function open(path: string): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(server.origin + path)
  await page.waitForSelector('#answer', { state: 'attached' })
  return page
}

/** What stands in the answer, as the page has it. */
async function seen(page: Page): Promise<{ text: string; status: string; end: string; busy: string }> {
  return page.locator('#answer').evaluate((element) => ({
    text: element.textContent ?? '',
    status: element.dataset.status ?? '',
    end: element.dataset.end ?? '',
    busy: element.getAttribute('aria-busy') ?? '',
  }))
}

const until = (page: Page, condition: string): Promise<unknown> => page.waitForFunction(condition)
const TEXT = 'document.querySelector("#answer")?.textContent'

/** What is started next says `first`, and the rest once it is told to. */
function startOnCue(first: string, rest: string[]): CuedRun {
  const { source, run } = onCue(first, rest)
  server.source = source
  return run
}

describe.each(['18', '19'])('React %s', (version) => {
  test('shows an answer with far fewer renders than tokens, and finished paragraphs once', async () => {
    const page = await open(`/${version}`)
    expect(await seen(page)).toEqual({ text: '', status: 'idle', end: '', busy: 'false' })
    const tokens = Array.from({ length: 5_000 }, (_, index) => (index % 500 === 499 ? 'end.\n\n' : `word ${index} `))
    server.source = async function* () {
      for (const token of tokens) {
        yield token
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await page.evaluate('lab.renders = 0; lab.start()')
    await until(page, 'document.querySelector("#answer").dataset.end !== ""')
    const { text, ...state } = await seen(page)
    expect([text.length, text === tokens.join('')]).toEqual([tokens.join('').length, true])
    expect(state).toEqual({ status: 'ended', end: 'stop', busy: 'false' })
    expect(await page.evaluate('lab.renders')).toBeLessThan(1_000)
    // Twice each in strict mode at most.
    expect(await page.evaluate('lab.blockRenders')).toBeLessThanOrEqual(2 * 10)
  })

  test('contract 8: Stop ends the stream, before and after the component was mounted anew', async () => {
    const page = await open(`/${version}?key=stop-${version}`)
    const run = startOnCue('begun ', ['never said'])
    await page.evaluate('lab.start()')
    await until(page, `${TEXT} === "begun "`)
    await page.evaluate('lab.show("there")')
    await until(page, `document.querySelector("aside") && ${TEXT} === "begun "`)
    expect(await page.evaluate('lab.stop(), 0')).toBe(0)
    await until(page, 'document.querySelector("#answer").dataset.end === "cancelled"')
    expect(await seen(page)).toMatchObject({ text: 'begun ', status: 'ended', busy: 'false' })
    expect(run).toMatchObject({ started: 1, aborted: true })
  })

  test('contract 9: a component that was away goes on where it was, without a word twice', async () => {
    const page = await open(`/${version}?key=away-${version}`)
    const run = startOnCue('before ', ['after'])
    await page.evaluate('lab.start()')
    await until(page, `${TEXT} === "before "`)
    const readings = server.asked.length
    await page.evaluate('lab.show("nowhere")')
    // It has left the reading, and nobody reads any more.
    await expect.poll(() => server.open).toBe(0)
    run.go()
    await page.evaluate('lab.show("here")')
    await until(page, `${TEXT} === "before after"`)
    expect(server.asked.length).toBeGreaterThan(readings)
    expect(run.started).toBe(1)
  })

  test('a page that is loaded again, and another device, find the stream by its key', async () => {
    const path = `/${version}?key=reload-${version}`
    const page = await open(path)
    const run = startOnCue('kept ', ['and on'])
    await page.evaluate('lab.start()')
    await until(page, `${TEXT} === "kept "`)
    await page.reload()
    await until(page, `${TEXT} === "kept "`)
    const device = await open(path)
    await until(device, `${TEXT} === "kept "`)
    run.go()
    for (const each of [page, device]) await until(each, `${TEXT} === "kept and on"`)
    // It has ended: this page knows where it was.
    await page.reload()
    await until(page, `${TEXT} === "kept and on"`)
    expect(run.started).toBe(1)
  })

  test('a key under which nothing runs shows nothing', async () => {
    const page = await open(`/${version}?key=none-${version}`)
    await until(page, 'document.querySelector("#answer").dataset.status === "idle"')
    expect(await seen(page)).toEqual({ text: '', status: 'idle', end: '', busy: 'false' })
  })
})

test('contract 9: in an <Activity> that is hidden nobody reads, and one that is shown again goes on where it was, also without a key', async () => {
  const page = await open('/19')
  const run = startOnCue('before ', ['after'])
  await page.evaluate('lab.start()')
  await until(page, `${TEXT} === "before "`)
  await page.evaluate('lab.show("hidden")')
  await until(page, 'document.querySelector("#answer").checkVisibility() === false')
  await expect.poll(() => server.open).toBe(0)
  run.go()
  await page.evaluate('lab.show("here")')
  await until(page, `${TEXT} === "before after"`)
  expect(run).toMatchObject({ started: 1, aborted: false })
})
