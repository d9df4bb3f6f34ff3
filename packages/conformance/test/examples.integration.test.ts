import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { chromium } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts an example on a free port; gives its address once it has said that it is ready. */
async function startExample(name: string): Promise<string> {
  const args = ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning', 'server.ts']
  const env = { ...process.env, PORT: '0' }
  const child = spawn(process.execPath, args, { cwd: join(EXAMPLES, name), env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface(child.stdout)) {
    const address = /ready at (\S+)/.exec(line)?.[1]
    if (address) return address
  }
  throw new Error(`the example ${name} ended before it was ready`)
}

/** Reads until `enough` of the body is there, then leaves. */
async function readUntil(response: Response, enough: string): Promise<string> {
  let read = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    read += text
    if (read.includes(enough)) break
  }
  return read
}

const lastId = (events: string): string =>
  events
    .match(/^id: .*$/gm)!
    .at(-1)!
    .slice('id: '.length)
const textOf = (events: string): string =>
  [...events.matchAll(/^event: text\ndata: (.*)$/gm)]
    .map(([, data]) => (JSON.parse(data!) as { text: string }).text)
    .join('')

test('every example is started here', () => {
  const found = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(found.map(({ name }) => name).toSorted()).toEqual(['fastify-chat', 'node-http', 'react-chat'])
})

test('the example node-http streams, resumes without a gap, answers a cursor at the end with 204, and cancels', async () => {
  const url = await startExample('node-http')
  const first = await readUntil(await fetch(`${url}/?prompt=hi`), 'event: text')
  const resumed = await fetch(url, { headers: { 'last-event-id': lastId(first) } })
  const rest = await resumed.text()
  expect(textOf(first) + textOf(rest)).toBe('You said hi, and this is what a slow model makes of it.')

  const over = await fetch(url, { headers: { 'last-event-id': lastId(rest) } })
  expect(over.status).toBe(204)

  const other = await readUntil(await fetch(`${url}/?prompt=stop`), 'event: text')
  const cancelled = await fetch(`${url}/cancel`, { method: 'POST', headers: { 'last-event-id': lastId(other) } })
  expect(await cancelled.json()).toMatchObject({ reason: 'cancelled', complete: false })

  const unknown = await fetch(`${url}/cancel`, { method: 'POST' })
  expect(unknown.status).toBe(400)
})

test('the example fastify-chat serves its page, streams, resumes under /streams, and cancels', async () => {
  const url = await startExample('fastify-chat')
  expect(await (await fetch(url)).text()).toContain('new EventSource')
  expect((await fetch(`${url}/chat`)).status).toBe(400)

  const response = await fetch(`${url}/chat?prompt=why`)
  const location = response.headers.get('content-location')!
  const first = await readUntil(response, 'event: text')
  const again = await fetch(`${url}/chat?prompt=why`, { headers: { 'last-event-id': lastId(first) } })
  expect(again.headers.get('content-location')).toBe(location)
  const reading = again.text()
  const cancelled = await fetch(`${url}${location}/cancel`, { method: 'POST' })
  expect(await cancelled.json()).toMatchObject({ status: 'ended', end: { reason: 'cancelled' } })
  expect(await reading).toContain('"reason":"cancelled"')
  const whole = await (await fetch(`${url}${location}`)).text()
  expect(textOf(whole)).toMatch(/^You /)
})

test('the page of fastify-chat goes on with its answer when it is reloaded in the middle, and may be stopped then', async () => {
  const url = await startExample('fastify-chat')
  await using closing = new AsyncDisposableStack()
  const browser = closing.adopt(
    await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
    (opened) => opened.close(),
  )
  const page = await browser.newPage()
  const shown = (): Promise<string> => page.locator('#answer').innerText()
  const untilShown = (words: string): Promise<unknown> => page.locator('#answer', { hasText: words }).waitFor()
  await page.goto(url)
  await page.click('button')
  await untilShown('You asked')
  const before = await shown()
  for (const later of ['read: 1 2 3', 'read: 1 2 3 4 5 6 7']) {
    await page.reload()
    await untilShown(later)
    expect((await shown()).startsWith(before)).toBe(true)
  }
  await page.click('#stop')
  await page.locator('#status', { hasText: 'cancelled' }).waitFor()
})

test('the page of react-chat says whole sentences to screen readers, goes on after a reload, and is really stopped', async () => {
  const url = await startExample('react-chat')
  await using closing = new AsyncDisposableStack()
  const browser = closing.adopt(
    await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
    (opened) => opened.close(),
  )
  const page = await browser.newPage()
  await page.goto(url)
  await page.getByRole('button', { name: 'Ask' }).click()
  await page.locator('#answer[aria-busy="true"]', { hasText: 'Sentence 2 of' }).waitFor()
  await page.reload()
  await page.locator('#answer', { hasText: 'Sentence 3 of' }).waitFor()
  await page.getByRole('log').filter({ hasText: 'Sentence 1 of the answer.' }).waitFor({ state: 'attached' })
  expect(await page.getByRole('log').textContent()).toMatch(/\.\s*$/)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('status').filter({ hasText: 'Stopped.' }).waitFor()
  await page.locator('#answer[aria-busy="false"]').waitFor()
  const stream = await page.evaluate('sessionStorage.getItem("sluice:example")')
  const info = await fetch(String(stream), { headers: { accept: 'application/json' } })
  expect(await info.json()).toMatchObject({ status: 'ended', end: { reason: 'cancelled', cause: 'client' } })
})
