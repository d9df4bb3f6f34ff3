import { Child } from '../process/child.ts'
import { BrowserPage } from './chromium.ts'
import { bundleClient } from './client-bundle.ts'
import { pageTextOf } from './page-tokens.ts'
import type { PageSetting } from './program.ts'
import type { PageContestant } from './roster.ts'

/** What came of one page. */
export interface Painted {
  /** CPU of the page's main thread, all of it: reading, scripts, collections, style, layout, paint. */
  mainThreadMs: number
  layoutMs: number
  /** The most that V8's heap held, with what it had not collected yet. */
  peakHeapBytes: number
  /** Of a page that is watched: frames that did not come, at 60 a second, and times between those that showed something new. */
  watched: { dropped: number; frames: number; gapsMs: readonly number[] } | undefined
}

export interface PaintedOptions extends Omit<PageSetting, 'script'> {
  /** Notes each frame, in the page: that costs it something. */
  readonly watches?: boolean
  /** How many times slower than this machine the page's main thread is. */
  readonly slowdown?: number
}

const HEAP_SAMPLE_MS = 250

const WATCH = `globalThis.watch = (() => {
  const noted = { dropped: 0, frames: 0, gapsMs: [] }
  let [isNew, framedMs, paintedMs] = [false, 0, 0]
  new MutationObserver(() => (isNew = true))
    .observe(document.querySelector('#answer'), { childList: true, characterData: true, subtree: true })
  function frame(nowMs) {
    if (framedMs > 0) noted.dropped += Math.max(0, Math.round((nowMs - framedMs) * 0.06) - 1)
    framedMs = nowMs
    noted.frames++
    if (isNew && paintedMs > 0) noted.gapsMs.push(nowMs - paintedMs)
    if (isNew) paintedMs = nowMs
    isNew = false
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  return noted
})()
0`

/** Has a fresh browser paint a stream from a fresh server. @throws Error for a text that is not the stream's */
export async function paintPage(contestant: PageContestant, options: PaintedOptions): Promise<Painted> {
  const { watches = false, slowdown = 1, ...shape } = options
  const server = new Child('pages/program.ts', [])
  try {
    const { port } = await server.ask<{ port: number }>('listen', { ...shape, script: await bundleClient() })
    await using page = await BrowserPage.open(`http://127.0.0.1:${port}/`)
    // What a page loads once is none of its streams'.
    await page.run(`import('/client.js').then(() => 0)`)
    // A thread's own time: a busy machine is nobody's fault.
    await page.send('Performance.enable', { timeDomain: 'threadTicks' })
    await page.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    await page.send('HeapProfiler.collectGarbage')
    if (watches) await page.run(WATCH)
    const costs = await measure(page, contestant.script)
    const text = await page.run('document.querySelector("#answer").textContent')
    if (text !== pageTextOf(shape.tokens)) throw new Error('The page does not show what its stream said.')
    return { ...costs, watched: watches ? await page.run<Painted['watched']>('watch') : undefined }
  } finally {
    await server.stop()
  }
}

async function measure(page: BrowserPage, script: string): Promise<Omit<Painted, 'watched'>> {
  const read = async (): Promise<Record<string, number>> => {
    const { metrics } = await page.send<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics')
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
  }
  const before = await read()
  let peakHeapBytes = 0
  const noteHeap = async (): Promise<void> => {
    peakHeapBytes = Math.max(peakHeapBytes, (await read()).JSHeapUsedSize!)
  }
  const sampling = setInterval(() => void noteHeap().catch(() => undefined), HEAP_SAMPLE_MS)
  try {
    await page.run(`${script}.then(() => 0)`)
  } finally {
    clearInterval(sampling)
  }
  await noteHeap()
  const after = await read()
  const passed = (name: string): number => 1_000 * (after[name]! - before[name]!)
  return { mainThreadMs: passed('TaskDuration'), layoutMs: passed('LayoutDuration'), peakHeapBytes }
}
