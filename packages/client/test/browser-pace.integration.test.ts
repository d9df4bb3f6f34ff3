import { expect, test } from 'vitest'

import { useBrowserLab } from './rig/browser-lab.ts'
import { openContext, openTab } from './rig/chromium.ts'

const PER_SECOND = 2_000
const STEP_MS = 10

const lab = useBrowserLab()

test('contract 7: a page whose CPU grows slow is given less, is let go once it is free again, and loses nothing', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  const devtools = await page.context().newCDPSession(page)
  let [said, isOver] = [0, false]
  lab.server.source = async function* ({ signal }) {
    while (!isOver && !signal.aborted) {
      yield Array.from({ length: (PER_SECOND * STEP_MS) / 1_000 }, () => `w${said++} `)
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    }
  }
  // So much work for each piece, however long it takes: not so much time.
  await page.evaluate(`
    globalThis.work = (rounds) => { for (let round = 0; round < rounds; round++) Math.hypot(round, rounds) }
    const startMs = performance.now()
    let rounds = 0
    while (performance.now() - startMs < 8) { work(1_000); rounds += 1_000 }
    globalThis.stream = start('/v1/streams', {})
    globalThis.credits = []
    const ack = stream.ack.bind(stream)
    stream.ack = (granted) => { credits.push(granted.credit); return ack(granted) }
    globalThis.painting = paint(stream, (piece) => {
      work(rounds)
      document.querySelector('#answer').append(piece)
    }, { pressure: framePressure() })
    0`)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  // Half a second's worth of what came before, less 30 %.
  const most = 0.7 * 0.5 * PER_SECOND
  await expect.poll(() => page.evaluate<boolean>(`credits.some((credit) => credit <= ${most})`)).toBe(true)
  const readings = (): number => lab.server.asked.filter((asked) => asked.startsWith('GET')).length
  const before = readings()
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await page.evaluate('credits.length = 0')
  // More and more, and then a reading that has no limit.
  await expect.poll(() => readings() > before).toBe(true)
  isOver = true
  await page.evaluate('painting.done')
  const whole = Array.from({ length: said }, (_, index) => `w${index} `).join('')
  expect((await page.evaluate('document.querySelector("#answer").textContent')) === whole).toBe(true)
})

test('20,000 tokens at once: no step of the main thread takes longer than 50 ms of its own time', async () => {
  const page = await openTab(await openContext(lab.browser), lab.server.origin)
  const tokens = Array.from({ length: 20_000 }, (_, index) => (index % 80 === 79 ? 'end.\n\n' : `w${index} `))
  lab.server.source = () => tokens
  await lab.browser.startTracing(page, { categories: ['toplevel'] })
  await page.evaluate(`(() => {
    document.querySelector('#answer').style.whiteSpace = 'pre-wrap'
    performance.mark('begins')
    return paint(start('/v1/streams', {}), document.querySelector('#answer')).done.then(() => 0)
  })()`)
  const { traceEvents } = JSON.parse((await lab.browser.stopTracing()).toString()) as { traceEvents: Step[] }
  const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const isMain = ({ pid, tid }: Step): boolean => threads.some((thread) => thread.pid === pid && thread.tid === tid)
  const steps = traceEvents.filter((event) => event.name === 'ThreadControllerImpl::RunTask' && isMain(event))
  expect(steps.length).toBeGreaterThan(10)
  expect(Math.max(...steps.map(({ tdur = 0 }) => tdur / 1_000))).toBeLessThan(50)
  expect((await page.evaluate('document.querySelector("#answer").textContent')) === tokens.join('')).toBe(true)
})

interface Step {
  name: string
  pid: number
  tid: number
  /** Microseconds of the thread's own time. */
  tdur?: number
  args: { name?: string }
}
