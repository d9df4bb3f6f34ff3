import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { startRedisServer } from '@sluice/testing/redis'
import { chromium, type Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'

import { PAGE, SERVER } from './newcomer-app.ts'
import { freePort, ROOT, untilListening } from './sandbox.ts'

const RUN_MS = 600_000
const NUMBERS = 3_000
const WHOLE = Array.from({ length: NUMBERS }, (_, index) => `${index} `).join('')
const CHROMIUM = {
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
}

/** A folder outside the clone, in which the packages are installed as they would be published. */
async function createApp(): Promise<string> {
  const app = mkdtempSync(join(tmpdir(), 'sluice-newcomer-'))
  onTestFinished(() => rmSync(app, { recursive: true, force: true }))
  const run = promisify(execFile)
  const pack = `import { packInto } from ${JSON.stringify(join(ROOT, 'scripts/pack.mjs'))}; await packInto(process.argv[1])`
  await run(process.execPath, ['--input-type=module', '--eval', pack, app], { cwd: ROOT })
  await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund'], { cwd: app })
  writeFileSync(join(app, 'server.mjs'), SERVER)
  writeFileSync(join(app, 'index.html'), PAGE)
  return app
}

async function startServer(app: string, port: number, redis: string): Promise<ChildProcess> {
  const env = { PATH: process.env.PATH ?? '', PORT: String(port), REDIS_URL: redis }
  const server = spawn(process.execPath, ['server.mjs'], { cwd: app, env, stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  await untilListening(port, () => server.exitCode !== null)
  return server
}

const shown = (page: Page): Promise<string> => page.locator('#answer').evaluate((element) => element.textContent ?? '')
/** Until the page shows so many characters more than `before`. */
const untilMore = (page: Page, before: string): Promise<unknown> =>
  page.waitForFunction(`document.querySelector('#answer').textContent.length > ${before.length + 20}`, undefined, {
    timeout: 90_000,
  })

test(
  'a newcomer’s page of twenty lines goes on after the network was gone, a reload, and a server that was killed; its Stop button stops',
  async () => {
    expect(PAGE.trim().split('\n').length).toBeLessThanOrEqual(21)
    const app = await createApp()
    const redis = await startRedisServer()
    onTestFinished(() => redis[Symbol.asyncDispose]())
    const port = await freePort()
    const server = await startServer(app, port, redis.url)
    const browser = await chromium.launch(CHROMIUM)
    onTestFinished(() => browser.close())
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.click('#ask')
    await untilMore(page, '')

    await context.setOffline(true)
    await page.waitForFunction('!navigator.onLine')
    const offline = await shown(page)
    await context.setOffline(false)
    await untilMore(page, offline)
    expect(WHOLE.startsWith(await shown(page))).toBe(true)

    const loaded = await shown(page)
    await page.reload()
    await untilMore(page, loaded)
    expect(WHOLE.startsWith(await shown(page))).toBe(true)

    const killed = once(server, 'exit')
    server.kill('SIGKILL')
    await killed
    await page.waitForFunction('document.title === "resuming"')
    const before = await shown(page)
    expect(WHOLE.startsWith(before)).toBe(true)
    await startServer(app, port, redis.url)
    // The lease of the process that is gone runs out, then the new one goes on with the text so far.
    await untilMore(page, before)
    expect(WHOLE.startsWith(await shown(page))).toBe(true)

    await page.click('#stop')
    await page.waitForFunction('document.title === "cancelled"')
    const stopped = await shown(page)
    expect(WHOLE.startsWith(stopped)).toBe(true)
    expect(stopped.length).toBeLessThan(WHOLE.length)
    // What was stopped stays so, for whoever comes later; the last of it may still have been on its way to the screen.
    await page.reload()
    await page.waitForFunction(
      `document.title === "cancelled" && document.querySelector('#answer').textContent.length >= ${stopped.length}`,
    )
    const later = await shown(page)
    expect([WHOLE.startsWith(later), later.startsWith(stopped), later.length < WHOLE.length]).toEqual([
      true,
      true,
      true,
    ])
  },
  RUN_MS,
)
