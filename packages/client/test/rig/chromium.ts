import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
/** What Playwright takes from pages, and browsers have. */
const BACK_FORWARD = ['--disable-back-forward-cache']

export function launchChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, headless: true, args: ARGS, ignoreDefaultArgs: BACK_FORWARD })
}

/** What one person has open: its tabs share storage, caches and connections. Closed with the test. */
export async function openContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  return context
}

/** A tab with the client in its global names. */
export async function openTab(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin)
  await ready(page)
  return page
}

export const ready = (page: Page): Promise<unknown> => page.waitForFunction('document.title === "ready"')

export const shown = (page: Page): Promise<string> =>
  page.locator('#answer').evaluate((element) => element.textContent ?? '')

/** Until so many characters are on the screen. */
export const untilShown = (page: Page, { length }: string): Promise<unknown> =>
  page.waitForFunction(`document.querySelector("#answer").textContent.length >= ${length}`)

/** From here on no delay of a page ends by itself: what brings it back is a sign of the network. The server's `retry:` is drawn from, too. */
export const FOR_EVER = 'Math.random = () => 1e6, 0'

export const PAINT = 'globalThis.painting = paint(stream, document.querySelector("#answer"))'
