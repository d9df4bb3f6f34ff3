import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readUntil, startNative } from '../rig/native-client.ts'
import { chunk, DONE, type Stage, startStage } from '../rig/stage.ts'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

let stage: Stage
let site: { origin: string } & AsyncDisposable
let browser: Browser

beforeAll(async () => {
  site = await startSite()
  stage = await startStage(['--cors-origin', site.origin])
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [...ARGS, '--disable-component-update', '--disable-sync'],
  })
})
afterAll(async () => {
  await browser?.close()
  await stage?.[Symbol.asyncDispose]()
  await site?.[Symbol.asyncDispose]()
})

/** A web site of another origin than the gateway's, with one empty page. */
async function startSite(): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end('<!doctype html><title>chat</title><p id="answer"></p><p id="state"></p>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function openPage(): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(site.origin)
  return page
}

/** What a page of an application does, and nothing more: shows text as it comes, and stops at the end. */
function readInPage(page: Page, url: string): Promise<void> {
  return page.evaluate(`
    const source = new EventSource(${JSON.stringify(url)})
    const answer = document.querySelector('#answer')
    const state = document.querySelector('#state')
    window.opened = 0
    source.addEventListener('opened', () => { window.opened++ })
    source.addEventListener('text', (event) => { answer.textContent += JSON.parse(event.data).text })
    source.addEventListener('end', (event) => { state.textContent = JSON.parse(event.data).reason; source.close() })
    source.addEventListener('error', () => { if (source.readyState === 2) state.textContent = 'gave up' })
  `)
}

const shown = (page: Page): Promise<string> => page.locator('#answer').evaluate((element) => element.textContent ?? '')

const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)

/** A backend that says its first token, and the others when it is told to. */
function onCue() {
  const cue = Promise.withResolvers<void>()
  const { model } = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ role: 'assistant', content: TOKENS[0] }))
    await cue.promise
    await exchange.send(...TOKENS.slice(1).map((content) => chunk({ content })), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  return { model, go: cue.resolve }
}

describe('a page of another origin', () => {
  test('shows the first text while the stream still runs, and the whole of it at the end', async () => {
    const { model, go } = onCue()
    await using started = await startNative(stage.api, { model })
    const page = await openPage()
    await readInPage(page, started.location)
    await page.waitForFunction('document.querySelector("#answer").textContent !== ""')
    // The backend says the rest only now: what is on the screen was painted before.
    expect(await shown(page)).toBe(TOKENS[0])
    go()
    await page.waitForFunction('document.querySelector("#state").textContent !== ""')
    expect(await page.locator('#state').textContent()).toBe('stop')
    expect(await shown(page)).toBe(TOKENS.join(''))
    await page.close()
  })

  test('loses and repeats nothing when its connection is cut', async () => {
    const { model, go } = onCue()
    await using started = await startNative(stage.api, { model })
    await using proxy = await startChaosProxy({ target: { port: stage.gateway.port } })
    const page = await openPage()
    await readInPage(page, started.location.replace(String(stage.gateway.port), String(proxy.port)))
    await page.waitForFunction('document.querySelector("#answer").textContent !== ""')
    proxy.cut({ how: 'rst', afterBytes: 3_000 })
    go()
    await page.waitForFunction('document.querySelector("#state").textContent !== ""')
    expect(await page.locator('#state').textContent()).toBe('stop')
    expect(await shown(page)).toBe(TOKENS.join(''))
    expect(await page.evaluate('window.opened')).toBe(2)
    await page.close()
  })

  test('is sent to come back while it reads, which it does by itself, and loses and repeats nothing', async () => {
    const rotating = await startStage(['--cors-origin', site.origin, '--rotate-after-ms', '1000'])
    await using _ = rotating
    const { model } = rotating.behave(async (exchange) => {
      exchange.stream()
      for (const content of TOKENS) {
        await exchange.send(chunk({ content }))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await exchange.send(chunk({}, { finish: 'stop' }), DONE)
      exchange.response.end()
    })
    await using started = await startNative(rotating.api, { model })
    const page = await openPage()
    await readInPage(page, started.location)
    await page.waitForFunction('document.querySelector("#state").textContent !== ""')
    expect(await page.locator('#state').textContent()).toBe('stop')
    expect(await shown(page)).toBe(TOKENS.join(''))
    // Four seconds of text.
    expect(await page.evaluate('window.opened')).toBeGreaterThan(2)
    await page.close()
  })

  test('starts a stream itself, sees where it is, and cancels it', async () => {
    const { model } = onCue()
    const page = await openPage()
    const result = await page.evaluate(`(async () => {
      const answer = await fetch(${JSON.stringify(`${stage.api}/streams`)}, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'page' },
        body: JSON.stringify({ model: ${JSON.stringify(model)}, messages: [] }),
      })
      const location = answer.headers.get('content-location')
      const id = answer.headers.get('sluice-stream-id')
      const url = new URL(location, ${JSON.stringify(stage.gateway.url)})
      const cancelled = await (await fetch(url + '/cancel', { method: 'POST' })).json()
      return { id, location, reason: cancelled.end.reason }
    })()`)
    expect(result).toEqual({
      id: expect.any(String),
      location: expect.stringMatching(/^\/v1\/streams\//),
      reason: 'cancelled',
    })
    await page.close()
  })

  test('that was not named sees nothing', async () => {
    await using stranger = await startSite()
    const { model, go } = onCue()
    await using started = await startNative(stage.api, { model })
    const page = await browser.newPage()
    await page.goto(stranger.origin)
    await readInPage(page, started.location)
    await page.waitForFunction('document.querySelector("#state").textContent !== ""')
    expect(await page.locator('#state').textContent()).toBe('gave up')
    expect(await shown(page)).toBe('')
    go()
    await readUntil(started, 'end')
    await page.close()
  })
})
