import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { chromium } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'

import { children, endExamples, EXAMPLES, NEXT, SERVER, startExample, textOf } from './example-rig.ts'

afterEach(endExamples)

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

test('every example is started here', () => {
  const found = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(found.map(({ name }) => name).toSorted()).toEqual([
    'browser-only',
    'express-chat',
    'fastify-chat',
    'five-modes',
    'hono-chat',
    'job-steps',
    'llama-cpp',
    'next-chat',
    'node-http',
    'react-chat',
    'rxjs-search',
  ])
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

test.each(['express-chat', 'hono-chat'])('the example %s streams, resumes at its route, and cancels', async (name) => {
  const url = await startExample(name)
  const response = await fetch(`${url}/chat?prompt=why`)
  const first = await readUntil(response, 'asked: ')
  const again = await fetch(`${url}/chat?prompt=why`, { headers: { 'last-event-id': lastId(first) } })
  const cancelled = await fetch(`${url}${response.headers.get('content-location')}/cancel`, { method: 'POST' })
  expect(await cancelled.json()).toMatchObject({ status: 'ended', end: { reason: 'cancelled' } })
  expect(textOf(first) + textOf(await again.text())).toMatch(/^You asked: /)
})

test('the example express-chat serves its page', async () => {
  expect(await (await fetch(await startExample('express-chat'))).text()).toContain('new EventSource')
})

test('the example next-chat serves its page, streams, resumes at its route, and cancels in another one', async () => {
  // Next.js takes packages as they are published.
  execFileSync(join(EXAMPLES, '../node_modules/.bin/tsc'), ['-b', 'packages/next'], { cwd: join(EXAMPLES, '..') })
  const url = await startExample('next-chat', NEXT)
  // In development a route is compiled when it is first asked for, and the answer is over before that on a busy machine.
  expect((await fetch(`${url}/api/streams/none`)).status).toBe(404)
  const response = await fetch(`${url}/api/chat?prompt=why`)
  const first = await readUntil(response, 'asked: ')
  const again = await fetch(`${url}/api/chat?prompt=why`, { headers: { 'last-event-id': lastId(first) } })
  const cancelled = await fetch(`${url}${response.headers.get('content-location')}/cancel`, { method: 'POST' })
  expect(await cancelled.json()).toMatchObject({ status: 'ended', end: { reason: 'cancelled' } })
  expect(textOf(first) + textOf(await again.text())).toMatch(/^You asked: /)
  expect(await (await fetch(url)).text()).toContain('Why is the sky blue?')
})

test('the example rxjs-search stops the model of a query when the next one is typed', async () => {
  const args = [...SERVER.slice(0, -1), 'search.ts']
  const child = spawn(process.execPath, args, {
    cwd: join(EXAMPLES, 'rxjs-search'),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('ready')) child.stdin.write('first\n')
    if (line.startsWith('…') && !lines.some((before) => before.startsWith('…'))) child.stdin.write('second\n')
    lines.push(line)
    if (line.startsWith('answer')) break
  }
  expect(lines).toContain('stopped: first')
  expect(lines.at(-1)).toBe('answer: second is what you asked, and this is what a slow model makes of it.')
})

test('the example llama-cpp has llama.cpp say something, and a cancel frees what it ran on', async () => {
  const url = await startExample('llama-cpp')
  const body = JSON.stringify({ prompt: 'the river', maxTokens: 1_000_000 })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/streams`, { method: 'POST', headers, body })
  expect(textOf(await readUntil(response, '\n\nid: '))).toMatch(/^[a-z ]+$/)
  const slots = async () => ((await (await fetch(`${url}/slots`)).json()) as { free: number }).free
  expect(await slots()).toBe(1)
  await fetch(`${url}${response.headers.get('content-location')}/cancel`, { method: 'POST' })
  await expect.poll(slots).toBe(2)
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

test('the page of browser-only has a model of its own, shows its tokens whole, reads them again, and stops it', async () => {
  const url = await startExample('browser-only', [...SERVER.slice(0, -1), 'serve.ts'])
  await using closing = new AsyncDisposableStack()
  const browser = closing.adopt(
    await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
    (opened) => opened.close(),
  )
  const page = await browser.newPage()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.goto(url)
  await page.click('#ask')
  await page.locator('#answer', { hasText: 'No server 🧑‍🚀 took part in 日本語' }).waitFor()
  await page.click('#again')
  await page.locator('#copy', { hasText: 'No server 🧑‍🚀 took part in 日本語' }).waitFor()
  await page.click('#stop')
  for (const place of ['answer', 'copy']) await page.locator(`#${place}[data-end="cancelled"]`).waitFor()
  const [answer, copy] = [await page.locator('#answer').textContent(), await page.locator('#copy').textContent()]
  expect(copy).toBe(answer)
  expect(asked.filter((path) => path !== '/favicon.ico')).toEqual(['/', '/page.js'])
})
