import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'

import { startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { launchChromium } from '../rig/chromium.ts'
import { startCuedBackend, WRONG_KEY } from '../rig/cued-backend.ts'
import type { Browser, Watched } from '../rig/person.ts'
import { untilSaid, untilShown } from '../rig/shown.ts'
import { startPage } from '../rig/start-page.ts'

const NOTICE = `document.querySelector('#notice').textContent`

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test('where keys are asked for, the page asks, keeps the key in memory only, and goes on', async () => {
  await using backend = await startCuedBackend()
  const gateway = await startPage(['--upstream', backend.url, '--auth', 'bearer'])
  const tab = await browser.open(`${gateway.url}/`)
  await tab.until(`${NOTICE}.includes('asks for a key')`)
  await tab.write('API key', WRONG_KEY)
  await tab.press('Use this key')
  await tab.press('Start')
  await untilSaid(tab, 'sluice', 'Incorrect API key')
  // The page is as usable as before: with another key it works.
  await tab.goto(`${gateway.url}/`)
  await tab.until(`${NOTICE}.includes('asks for a key')`)
  backend.say('Hello')
  backend.finish()
  await tab.write('API key', 'sk-right')
  await tab.press('Use this key')
  await tab.press('Start')
  for (const name of ['sync', 'naive', 'sluice']) await untilShown(tab, name, 'Hello')
  const kept = `JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])`
  expect(await tab.evaluate(kept)).not.toContain('sk-')
  await tab.choose('Transport', 'websocket')
  await tab.press('Start')
  for (const name of ['sync', 'naive', 'sluice']) await untilSaid(tab, name, 'Complete.')
  await tab.close()
  await gateway.close()
})

test('without a backend the page says so, and stays usable', async () => {
  const gateway = await startPage(['--upstream', 'http://127.0.0.1:9/v1'])
  const tab = await browser.open(`${gateway.url}/`)
  await tab.press('Start')
  for (const name of ['naive', 'sluice']) await untilSaid(tab, name, 'error')
  await tab.press('Start')
  for (const name of ['naive', 'sluice']) await untilSaid(tab, name, 'error')
  await tab.close()
  await gateway.close()
})

test('with Redis down the page says so, shows what it knows, and works again once Redis does', async () => {
  await using backend = await startCuedBackend()
  await using redis = await startRedisServer()
  const gateway = await startPage(['--upstream', backend.url, '--redis', redis.url, '--redis-command-ms', '500'])
  const tab = await browser.open(`${gateway.url}/`)
  backend.say('Hello')
  backend.finish()
  await tab.press('Start')
  await untilShown(tab, 'sluice', 'Hello')
  await redis.kill()
  await tab.press('Start')
  await tab.until(`document.querySelector('#notice').className.includes('bad')`)
  await tab.press('Live')
  await tab.until(`document.querySelector('#live-state').textContent.includes('The store does not answer')`)
  expect(await tab.evaluate(`document.querySelectorAll('#live-streams tr').length`)).toBe(1)
  await redis.restart()
  await tab.until(`document.querySelector('#live-state').textContent === ''`)
  await tab.press('Compare')
  await tab.press('Start')
  await untilShown(tab, 'sluice', 'Hello')
  await tab.close()
  await gateway.close()
})

test('with 200 streams running the page lists the latest, and reads one more', async () => {
  await using backend = await startCuedBackend()
  const gateway = await startPage(['--upstream', backend.url])
  const body = JSON.stringify({ background: true, messages: [{ role: 'user', content: 'hi' }] })
  for (let index = 0; index < 200; index++) {
    await fetch(`${gateway.url}/v1/streams`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  }
  const tab = await browser.open(`${gateway.url}/#live`)
  await tab.until(`document.querySelectorAll('#live-streams tr').length === 100`)
  expect(await tab.evaluate(`document.querySelector('#live-hint').textContent`)).toContain('the latest 100 are shown')
  expect(await tab.evaluate(`document.querySelector('#live-counts dd').textContent`)).toBe('200')
  backend.say('Hello')
  backend.finish()
  await tab.press('Compare')
  await tab.press('Start')
  for (const name of ['sync', 'naive', 'sluice']) await untilShown(tab, name, 'Hello')
  await tab.close()
  await gateway.close()
})

test('the live tab is refreshed in place: no row is made anew, and what is focused stays so', async () => {
  await using backend = await startCuedBackend()
  const gateway = await startPage(['--upstream', backend.url])
  const tab = await browser.open(`${gateway.url}/`)
  await tab.press('Start')
  await expect.poll(() => backend.asked).toBe(1)
  await tab.press('Live')
  await tab.until(`document.querySelector('#live-streams td')?.textContent === 'running'`)
  await tab.evaluate(`globalThis.row = document.querySelector('#live-streams tr'), row.querySelector('a').focus(), 0`)
  backend.say('Hello')
  backend.finish()
  await tab.until(`row.querySelector('td').textContent === 'stop'`)
  expect(await tab.evaluate(`row.isConnected && document.activeElement === row.querySelector('a')`)).toBe(true)
  await tab.close()
  await gateway.close()
})

test('behind a path that a proxy strips everything is found beside the page', async () => {
  await using backend = await startCuedBackend()
  const prefix = '/apps/sluice'
  const gateway = await startPage(['--upstream', backend.url, '--public-prefix', prefix])
  const proxy = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${prefix}/`)) return void outgoing.writeHead(404).end()
    const { method, headers } = incoming
    const passed = ask(gateway.url + incoming.url.slice(prefix.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const tab = await browser.open(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}/`)
  backend.say('Hello')
  backend.finish()
  for (const transport of ['sse', 'connect', 'long-poll']) {
    await tab.choose('Transport', transport)
    await tab.press('Start')
    for (const name of ['sync', 'naive', 'sluice']) await untilSaid(tab, name, 'Complete.')
  }
  await tab.press('Policies')
  await tab.until(`document.querySelectorAll('#sim-cells td small').length === 16`)
  const { violations, errors } = await tab.evaluate<Watched>('globalThis.watched')
  expect({ violations, errors }).toEqual({ violations: [], errors: [] })
  await tab.close()
  proxy.closeAllConnections()
  proxy.close()
  await gateway.close()
})

test('a policy that comes to no end is stopped, and the page goes on', async () => {
  const gateway = await startPage([])
  const tab = await browser.open(`${gateway.url}/#policies`)
  await tab.until(`document.querySelector('#sim-state').textContent.includes('streams in')`)
  await tab.write('Your own policy', '(() => { for (;;); })()')
  await tab.press('Simulate')
  await tab.until(`document.querySelector('#sim-state').textContent.includes('does not come to an end')`)
  await tab.write('Your own policy', '')
  await tab.press('Simulate')
  await tab.until(`document.querySelector('#sim-cells').textContent.includes('fixed 8')`)
  await tab.close()
  await gateway.close()
})

test('under the name localhost a page opens sockets, too', async () => {
  await using backend = await startCuedBackend()
  const gateway = await startPage(['--upstream', backend.url, '--host', 'localhost'])
  const tab = await browser.open(`${gateway.url.replace('127.0.0.1', 'localhost')}/`)
  backend.say('Hello')
  backend.finish()
  await tab.choose('Transport', 'websocket')
  await tab.press('Start')
  for (const name of ['naive', 'sluice']) await untilShown(tab, name, 'Hello')
  await tab.close()
  await gateway.close()
})

test('the first paint comes at once', async () => {
  const gateway = await startPage([])
  const tab = await browser.open(`${gateway.url}/`)
  const first = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`
  await tab.until(`${first} > 0`)
  const firstMs = await tab.evaluate<number>(first)
  const { shift } = await tab.evaluate<Watched>('globalThis.watched')
  const blockedMs = await tab.evaluate<number>(`performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd`)
  process.stdout.write(
    `the page on loopback: first contentful paint ${Math.round(firstMs)} ms (wanted: 500), ready ${Math.round(blockedMs)} ms, layout shift ${shift.toFixed(3)} (at most 0.02)\n`,
  )
  expect(shift).toBeLessThanOrEqual(0.02)
  // Nothing of it waits for a script: it is in the document, and style comes in one piece.
  expect(await tab.evaluate(`document.querySelectorAll('script:not([type=module])').length`)).toBe(0)
  expect(
    await tab.evaluate(
      `performance.getEntriesByType('resource').every(({ name }) => name.startsWith(location.origin))`,
    ),
  ).toBe(true)
  await tab.close()
  await gateway.close()
})
