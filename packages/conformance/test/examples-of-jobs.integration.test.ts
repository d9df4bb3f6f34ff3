import { chromium } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'

import { endExamples, startExample, textOf } from './example-rig.ts'

afterEach(endExamples)

const FIVE_MODES = 'You said Hi, and nobody need wait for it.'

test('the example five-modes gives one answer at once, as it comes, over a WebSocket, and later', async () => {
  const url = await startExample('five-modes')
  const post = (body: object, headers: object = {}): Promise<Response> =>
    fetch(`${url}/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ prompt: 'Hi', ...body }),
    })
  expect(await (await post({ stream: false })).json()).toMatchObject({ text: FIVE_MODES })
  expect(textOf(await (await post({})).text())).toBe(FIVE_MODES)

  const socket = new WebSocket(url.replace('http', 'ws'), 'sluice.v1')
  let spoken = ''
  await new Promise<void>((done, failed) => {
    socket.onerror = () => failed(new Error('The socket has failed.'))
    socket.onopen = () => socket.send(JSON.stringify({ type: 'start', ref: '1', body: { prompt: 'Hi' } }))
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { type: string; text?: string }
      if (message.type === 'text') spoken += message.text
      if (message.type === 'end') done()
    }
  })
  socket.close()
  expect(spoken).toBe(FIVE_MODES)

  const accepted = await post({}, { prefer: 'respond-async' })
  expect(accepted.status).toBe(202)
  const job = url + accepted.headers.get('location')!
  expect(textOf(await (await fetch(job)).text())).toBe(FIVE_MODES)
  expect(await (await fetch(`${job}?wait=20`, { headers: { accept: 'application/json' } })).json()).toMatchObject({
    attempt: 1,
  })
})

test('the page of job-steps shows each step as it begins, and the same job after a reload', async () => {
  const url = await startExample('job-steps')
  await using closing = new AsyncDisposableStack()
  const browser = closing.adopt(
    await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox'] }),
    (opened) => opened.close(),
  )
  const page = await browser.newPage()
  await page.goto(url)
  await page.getByRole('status').filter({ hasText: '2 of 4: looking up locks…' }).waitFor()
  const id = new URL(page.url()).hash.slice(1)
  await page.reload()
  await page.getByRole('status').filter({ hasText: 'stop' }).waitFor()
  expect([new URL(page.url()).hash.slice(1), await page.locator('#text').textContent()]).toEqual([
    id,
    'All that is known of locks, in one sentence.',
  ])
  const job = await fetch(`${url}/jobs/${id}`, { headers: { accept: 'application/json' } })
  expect(await job.json()).toMatchObject({ state: 'succeeded', steps: { step: 'check', index: 4, of: 4 } })
})
