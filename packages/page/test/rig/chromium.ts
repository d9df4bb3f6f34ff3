import { readFile } from 'node:fs/promises'

import type { BrowserContext, Page } from 'playwright-core'

import { launchChromium as launch } from '../../../client/test/rig/chromium.ts'
import { type Browser, type Tab, untilTrue, WATCH } from './person.ts'

export async function launchChromium(): Promise<Browser> {
  const browser = await launch()
  return {
    name: 'Chromium',
    async open(url, scheme = 'light') {
      const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1_280, height: 900 } })
      await context.addInitScript(WATCH)
      const page = await context.newPage()
      await page.goto(url)
      return toTab(context, page)
    },
    close: () => browser.close(),
  }
}

function toTab(context: BrowserContext, page: Page): Tab {
  return {
    press: (name) =>
      page
        .getByRole('button', { name, exact: true })
        .or(page.getByRole('tab', { name, exact: true }))
        .click(),
    async choose(label, value) {
      await page.getByLabel(label, { exact: true }).selectOption(value)
    },
    check: (label) => page.getByLabel(label, { exact: true }).click(),
    write: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
    give: (label, file) => page.getByLabel(label, { exact: true }).setInputFiles(file),
    async saves(action) {
      const [download] = await Promise.all([page.waitForEvent('download', { timeout: 0 }), action()])
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
    },
    key: (name) => page.keyboard.press(name),
    until: (expression) => untilTrue((code) => page.evaluate(code), expression),
    evaluate: (expression) => page.evaluate(expression),
    async opens(action) {
      const [opened] = await Promise.all([context.waitForEvent('page', { timeout: 0 }), action()])
      await opened.waitForLoadState()
      return toTab(context, opened)
    },
    async goto(url) {
      await page.goto(url)
    },
    resize: (width, height) => page.setViewportSize({ width, height }),
    async picture(file) {
      await page.screenshot({ path: file, fullPage: true })
    },
    close: () => page.close(),
  }
}
