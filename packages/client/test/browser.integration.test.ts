import { expect, test } from 'vitest'

import { useBrowserLab } from './rig/browser-lab.ts'
import { FOR_EVER, openContext, openTab, PAINT, ready, shown, untilShown } from './rig/chromium.ts'
import { createCuedSource } from './rig/cued-source.ts'

const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)
const WHOLE = TOKENS.join('')

const lab = useBrowserLab()

test('contract 1: a page that was offline goes on as soon as it is online again', async () => {
  const context = await openContext(lab.browser)
  const page = await openTab(context, lab.server.origin)
  const cued = createCuedSource()
  lab.server.source = cued.source
  cued.say(...TOKENS.slice(0, 100))
  await page.evaluate(FOR_EVER)
  await page.evaluate(`globalThis.stream = start('/v1/streams', {}); ${PAINT}; 0`)
  await untilShown(page, TOKENS.slice(0, 100).join(''))
  await context.setOffline(true)
  await page.waitForFunction('!navigator.onLine')
  await page.evaluate('globalThis.statuses = [], stream.subscribe(() => statuses.push(stream.status)), 0')
  await context.setOffline(false)
  await page.waitForFunction('statuses.join() === "resuming,streaming"')
  cued.say(...TOKENS.slice(100))
  cued.finish()
  await page.evaluate('painting.done')
  expect(await shown(page)).toBe(WHOLE)
  expect(cued.started).toBe(1)
})

test('contract 1: a page that is loaded again goes on after what it has kept', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  const cued = createCuedSource()
  lab.server.source = cued.source
  cued.say(...TOKENS.slice(0, 100))
  await page.evaluate(`(async () => {
    const stream = start('/v1/streams', {})
    let text = ''
    for await (const event of stream) {
      if (event.type === 'text') text += event.text
      sessionStorage.setItem('kept', JSON.stringify({ text, bookmark: stream.bookmark }))
      if (text.length >= ${TOKENS.slice(0, 100).join('').length}) break
    }
  })()`)
  await page.reload()
  await ready(page)
  cued.say(...TOKENS.slice(100))
  cued.finish()
  const text = await page.evaluate(`(async () => {
    const { text, bookmark } = JSON.parse(sessionStorage.getItem('kept'))
    return text + (await attach(bookmark).text())
  })()`)
  expect(text).toBe(WHOLE)
})

test('six tabs on HTTP/1.1, which is all a browser has, read one stream, and one of them stops it for all', async () => {
  const context = await openContext(lab.browser)
  const cued = createCuedSource()
  lab.server.source = cued.source
  cued.say('Hello')
  const pages = [await openTab(context, lab.server.origin)]
  const [first] = pages
  await first!.evaluate(`globalThis.stream = start('/v1/streams', {}); ${PAINT}; 0`)
  await untilShown(first!, 'Hello')
  const bookmark = JSON.stringify({ url: await first!.evaluate('stream.bookmark.url') })
  // Opened before: with six streams there is no connection left to load a page with.
  while (pages.length < 6) pages.push(await openTab(context, lab.server.origin))
  for (const page of pages.slice(1)) {
    await page.evaluate(`globalThis.stream = attach(${bookmark}); ${PAINT}; 0`)
    await untilShown(page, 'Hello')
  }
  expect(await pages[3]!.evaluate('stream.cancel()')).toMatchObject({ reason: 'cancelled' })
  for (const page of pages) expect(await page.evaluate('stream.ended')).toMatchObject({ reason: 'cancelled' })
  expect(cued.aborted).toBe(true)
})

test('contract 6: 20,000 tokens on a page whose painting is slow: none is lost, and nothing of them is kept', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  const tokens = Array.from({ length: 20_000 }, (_, index) => `w${index} `)
  lab.server.source = () => tokens
  const devtools = await page.context().newCDPSession(page)
  const heapBytes = async (): Promise<number> => {
    await devtools.send('HeapProfiler.collectGarbage')
    return (await devtools.send('Runtime.getHeapUsage')).usedSize
  }
  const before = await heapBytes()
  const { writes, busy } = await page.evaluate<{ writes: number; busy: number }>(`(async () => {
    const answer = document.querySelector('#answer')
    let writes = 0
    globalThis.stream = start('/v1/streams', {}, { buffer: { items: 64, bytes: 65536 } })
    const { done } = paint(stream, (piece) => {
      writes++
      for (const untilMs = performance.now() + 20; performance.now() < untilMs;);
      answer.append(piece)
    }, { pressure: framePressure() })
    await done
    return { writes, busy: answer.childNodes.length }
  })()`)
  expect((await shown(page)) === tokens.join('')).toBe(true)
  expect(writes).toBe(busy)
  expect(writes).toBeLessThan(2_000)
  expect((await heapBytes()) - before).toBeLessThan(1_048_576 + 2 * tokens.join('').length)
})

test('contract 7: a page whose frames take too long slows the server down, is let go again, and loses nothing', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  let said = 0
  const finish = Promise.withResolvers<void>()
  lab.server.source = async function* ({ signal }) {
    let isOver = false
    void finish.promise.then(() => (isOver = true))
    while (!isOver && !signal.aborted) {
      yield Array.from({ length: 20 }, () => `w${said++} `)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  lab.server.asked.length = 0
  await page.evaluate(`
    globalThis.burnMs = 80
    globalThis.stream = start('/v1/streams', {}, { buffer: { items: 64, bytes: 65536 } })
    globalThis.painting = paint(stream, (piece) => {
      for (const untilMs = performance.now() + burnMs; performance.now() < untilMs;);
      document.querySelector('#answer').append(piece)
    }, { pressure: framePressure() })
    0`)
  const acks = (): number => lab.server.asked.filter((asked) => asked.endsWith('/ack')).length
  // A reading without a name is made anew, and credit granted to it.
  await expect
    .poll(() => lab.server.asked.some((asked) => asked.startsWith('GET') && asked.includes('reader=')))
    .toBe(true)
  const before = acks()
  await expect.poll(() => acks() > before + 2).toBe(true)
  await page.evaluate('burnMs = 0')
  finish.resolve()
  await page.evaluate('painting.done')
  expect((await shown(page)) === Array.from({ length: said }, (_, index) => `w${index} `).join('')).toBe(true)
})
