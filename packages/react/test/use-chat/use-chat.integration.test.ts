import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { createSluice, type Source } from '@sluice/core'
import { createUiChat } from '@sluice/http/ai-sdk'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'

import { type CuedRun, onCue } from '../rig/on-cue.ts'
import { bundleFor } from '../rig/page-server.ts'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

let server: Server
let browser: Browser
let origin: string
let source: Source
let owners = 0
const answering = new Set<Socket>()

beforeAll(async () => {
  const script = await bundleFor(new URL('app.ts', import.meta.url), '19')
  const chat = createUiChat<IncomingMessage>({
    sluice: createSluice(),
    identify: () => ({ owner: `reader-${owners}` }),
    source: () => (context) => source(context),
  })
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    if (pathname.startsWith('/api/chat')) {
      answering.add(request.socket)
      const asked = toHttpRequest(request, response, { mount: '/api/chat' })
      return void chat.handle(asked).then((plan) => sendPlan(response, plan))
    }
    if (pathname === '/app.js') return response.setHeader('content-type', 'text/javascript').end(script)
    return response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>x</title><div id="root"></div><script type="module" src="/app.js"></script>')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  browser = await chromium.launch({ executablePath, headless: true, args: ARGS })
})
afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  server?.close()
})
// A chat is its owner's: each test has one of its own.
beforeEach(() => {
  owners++
  answering.clear()
})

async function open(): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(origin)
  await page.waitForFunction('globalThis.send')
  return page
}

/** What is started next says that Ishmael is its name, in two parts. */
function startOnCue(): CuedRun {
  const cued = onCue('Call me ', ['Ishmael.'])
  source = cued.source
  return cued.run
}

const untilText = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction(`document.querySelector('#chat li')?.textContent === ${JSON.stringify(text)}`)
const untilStatus = (page: Page, status: string): Promise<unknown> =>
  page.waitForFunction(`document.querySelector('#chat').dataset.status === '${status}'`)

test('stock useChat with resume: a page that is loaded again goes on with the same message, and the model runs once', async () => {
  const run = startOnCue()
  const page = await open()
  await page.evaluate('send("Who are you?")')
  await untilText(page, 'Call me ')
  const id = await page.locator('#chat li').getAttribute('id')
  await page.reload()
  await untilText(page, 'Call me ')
  expect(await page.locator('#chat li').getAttribute('id')).toBe(id)
  run.go()
  await untilText(page, 'Call me Ishmael.')
  await untilStatus(page, 'ready')
  expect(run).toMatchObject({ started: 1, aborted: false })
})

test('stock useChat: a stop at its route stops the model, in the page that shows it too', async () => {
  const run = startOnCue()
  const page = await open()
  await page.evaluate('send("Who are you?")')
  await untilText(page, 'Call me ')
  expect((await fetch(`${origin}/api/chat/chat-1/stop`, { method: 'POST' })).status).toBe(204)
  await untilStatus(page, 'ready')
  expect([run.aborted, await page.locator('#chat li').textContent()]).toEqual([true, 'Call me '])
})

test('stock useChat: an answer that failed, or whose connection was cut, is never shown as ready', async () => {
  source = async function* () {
    yield 'Call me '
    throw new Error('the model has crashed')
  }
  const page = await open()
  await page.evaluate('send("Who are you?")')
  await untilStatus(page, 'error')
  startOnCue()
  answering.clear()
  await page.evaluate('send("And now?")')
  await page.waitForFunction('document.querySelectorAll("#chat li").length === 2')
  await untilStatus(page, 'streaming')
  for (const socket of answering) socket.resetAndDestroy()
  await untilStatus(page, 'error')
})
