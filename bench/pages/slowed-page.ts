import { Child } from '../process/child.ts'
import { BrowserPage } from './chromium.ts'
import { bundleClient } from './client-bundle.ts'
import { pageTextOf } from './page-tokens.ts'
import type { Given } from './slowed-program.ts'

/** How a page that is slowed down for a while slows its server down. */
export interface Slowed {
  /** Tokens a second that the server gave before. */
  before: number
  /** The least in half a second that began within the first second. */
  least: number
  /** From when the page was free again to half a second of nearly as much as before. */
  recoveredS: number
}

export interface SlowedOptions {
  readonly tokensPerSecond: number
  readonly slowdown: number
  /** How long it is left alone, slowed down, and left alone again. */
  readonly phaseMs: number
  readonly presses: boolean
}

const WINDOW_MS = 500
/** As a page does that renders Markdown: the last part of the answer anew with each piece. */
const RUN = (presses: boolean): string => `import('/client.js').then(({ start, paint, framePressure }) => {
  const answer = document.querySelector('#answer')
  globalThis.whole = ''
  globalThis.painting = paint(start('/v1/streams', {}), (piece) => {
    whole += piece
    const lines = whole.slice(-3000).split('\\n')
    answer.innerHTML = lines.map((line) => '<p>' + line.replace(/(e\\w*)/g, '<b>$1</b>') + '</p>').join('')
  }, { pressure: ${presses ? 'framePressure()' : 'undefined'} })
  return 0
})`

/** Runs one page. @throws Error for a text that is not the stream's */
export async function slowPage({ presses, slowdown, phaseMs, tokensPerSecond }: SlowedOptions): Promise<Slowed> {
  const server = new Child('pages/slowed-program.ts', [])
  try {
    const input = { script: await bundleClient(), tokensPerSecond }
    const { port } = await server.ask<{ port: number }>('listen', input)
    await using page = await BrowserPage.open(`http://127.0.0.1:${port}/`)
    const setSlowdown = async (rate: number): Promise<number> => {
      await page.send('Emulation.setCPUThrottlingRate', { rate })
      return Date.now()
    }
    await page.run(RUN(presses))
    await sleep(phaseMs)
    const slowedMs = await setSlowdown(slowdown)
    await sleep(phaseMs)
    const freedMs = await setSlowdown(1)
    await sleep(phaseMs)
    const { said } = await server.ask<{ said: number }>('finish')
    await page.run('painting.done.then(() => 0)')
    if ((await page.run('whole')) !== pageTextOf(said)) throw new Error('The page does not show what was said.')
    return paceOf(await server.ask<Given[]>('given'), { slowedMs, freedMs, phaseMs })
  } finally {
    await server.stop()
  }
}

function paceOf(given: readonly Given[], when: { slowedMs: number; freedMs: number; phaseMs: number }): Slowed {
  const eventsAt = (ms: number): number => given.findLast(({ atMs }) => atMs <= ms)?.events ?? 0
  const paceFrom = (ms: number, forMs = WINDOW_MS): number => (1_000 * (eventsAt(ms + forMs) - eventsAt(ms))) / forMs
  const { slowedMs, freedMs, phaseMs } = when
  const before = paceFrom(slowedMs - phaseMs / 2, phaseMs / 2)
  const from = given.map(({ atMs }) => atMs)
  const first = from.filter((ms) => ms >= slowedMs && ms <= slowedMs + 1_000 - WINDOW_MS)
  const recovered = from.find((ms) => ms >= freedMs && paceFrom(ms) >= 0.9 * before) ?? Infinity
  return {
    before,
    least: Math.min(...first.map((ms) => paceFrom(ms))),
    recoveredS: (recovered + WINDOW_MS - freedMs) / 1_000,
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
