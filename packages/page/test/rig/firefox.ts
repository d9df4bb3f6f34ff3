import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Browser as Puppet, type ElementHandle, launch, type Page } from 'puppeteer-core'

import { type Browser, LOOK_MS, type Tab, untilTrue, WATCH } from './person.ts'

export async function launchFirefox(): Promise<Browser> {
  const downloads = await mkdtemp(join(tmpdir(), 'sluice-downloads-'))
  const browser = await launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.always_ask_before_handling_new_types': false,
    },
  })
  return {
    name: 'Firefox',
    async open(url) {
      const page = await browser.newPage()
      await page.setViewport({ width: 1_280, height: 900 })
      await page.evaluateOnNewDocument(WATCH)
      await page.goto(url)
      return toTab(browser, page, downloads)
    },
    async close() {
      await browser.close()
      await rm(downloads, { recursive: true, force: true })
    },
  }
}

/** The control of that label, or the button or tab of that name, which is not hidden. */
const FIND = `(name, roles) => [...document.querySelectorAll(roles)].find((element) => {
  const label = element.labels?.[0]?.textContent ?? element.textContent
  return label.trim() === name && element.checkVisibility()
})`

/** A file that is whole: Firefox has a second one beside it until then. */
function newIn(names: readonly string[], before: ReadonlySet<string>): string | undefined {
  const fresh = names.filter((name) => !before.has(name))
  return fresh.some((name) => name.endsWith('.part')) ? undefined : fresh[0]
}

function toTab(browser: Puppet, page: Page, downloads: string): Tab {
  async function find(name: string, roles: string): Promise<ElementHandle<Element>> {
    const call = `(${FIND})(${JSON.stringify(name)}, ${JSON.stringify(roles)})`
    await untilTrue((code) => page.evaluate(code), `${call} && !${call}.disabled`)
    const element = (await page.evaluateHandle(call)).asElement()
    if (!element) throw new Error(`There is no "${name}" on the page.`)
    return element as ElementHandle<Element>
  }

  return {
    press: async (name) => (await find(name, 'button')).click(),
    choose: async (label, value) => void (await (await find(label, 'select')).select(value)),
    check: async (label) => (await find(label, 'input')).click(),
    async write(label, text) {
      const control = await find(label, 'input, textarea')
      await control.evaluate((element) => ((element as HTMLInputElement).value = ''))
      await control.type(text)
    },
    async give(label, file) {
      await ((await find(label, 'input')) as ElementHandle<HTMLInputElement>).uploadFile(file)
    },
    async saves(action) {
      const before = new Set(await readdir(downloads))
      await action()
      for (;;) {
        const name = newIn(await readdir(downloads), before)
        if (name !== undefined) return { name, text: await readFile(join(downloads, name), 'utf8') }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
    },
    key: (name) => page.keyboard.press(name),
    until: (expression) => untilTrue((code) => page.evaluate(code), expression),
    evaluate: <Value>(expression: string) => page.evaluate(expression) as Promise<Value>,
    async opens(action) {
      const known = new Set(browser.targets())
      const opened = browser.waitForTarget((target) => target.type() === 'page' && !known.has(target), { timeout: 0 })
      await action()
      const tab = await (await opened).page()
      if (!tab) throw new Error('What opened is no page.')
      return toTab(browser, tab, downloads)
    },
    goto: async (url) => void (await page.goto(url)),
    resize: (width, height) => page.setViewport({ width, height }),
    picture: async (file) => void (await page.screenshot({ path: file as `${string}.png`, fullPage: true })),
    close: () => page.close(),
  }
}
