import { Child } from '../process/child.ts'
import { BrowserPage } from './chromium.ts'
import { bundleClient } from './client-bundle.ts'
import type { Departure } from './departures.ts'
import type { HeldSetting } from './held-program.ts'
import { pageTextOf } from './page-tokens.ts'

/** What lies between the server's process and the reader's eyes. */
export interface Held {
  /** The most, and at the end: bytes of the stream that have left the server and are not painted. */
  peakBytes: number
  lastBytes: number
  /** Characters that the page showed. */
  shown: number
  /** Tokens that the server was asked for. */
  said: number
}

export interface HeldOptions {
  /** What the page runs; it calls `show(piece)`. */
  readonly script: string
  readonly tokensPerSecond: number
  readonly slowdown: number
  readonly forMs: number
}

/** What a page had painted up to a time. */
export interface Painting {
  readonly atMs: number
  readonly chars: number
}

/** Renders as chats do, the last part of the answer anew with each piece and then scrolled to its end; notes what each frame shows. */
const SHOW = `globalThis.paintings = []
globalThis.whole = ''
globalThis.show = (piece) => {
  whole += piece
  const lines = whole.slice(-3000).split('\\n')
  document.querySelector('#answer').innerHTML =
    lines.map((line) => '<p>' + line.replace(/(e\\w*)/g, '<b>$1</b>') + '</p>').join('')
  scrollTo(0, document.documentElement.scrollHeight)
}
const frame = () => {
  paintings.push({ atMs: performance.timeOrigin + performance.now(), chars: whole.length })
  requestAnimationFrame(frame)
}
requestAnimationFrame(frame)
0`

/** Has a page that is too slow for its stream read it for a while. @throws Error for a text that is not the stream's */
export async function holdPage({ script, tokensPerSecond, slowdown, forMs }: HeldOptions): Promise<Held> {
  const server = new Child('pages/held-program.ts', [])
  try {
    const setting: HeldSetting = { script: await bundleClient(), tokensPerSecond }
    const { port } = await server.ask<{ port: number }>('listen', setting)
    await using page = await BrowserPage.open(`http://127.0.0.1:${port}/`)
    await page.run(`import('/client.js').then(() => 0)`)
    await page.run(SHOW)
    await page.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    await page.run(`${script}\n0`)
    await new Promise((resolve) => setTimeout(resolve, forMs))
    // A page that is behind answers when it has caught up.
    const untilMs = performance.timeOrigin + performance.now()
    const { said } = await server.ask<{ said: number }>('finish')
    await page.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    const paintings = await page.run<Painting[]>('paintings')
    const whole = await page.run<string>('whole')
    if (whole === '' || !pageTextOf(said).startsWith(whole)) throw new Error('The page does not show what was said.')
    const held = heldBetween(await server.ask<Departure[]>('left'), paintings, untilMs)
    const shown = paintings.findLast(({ atMs }) => atMs <= untilMs)?.chars ?? 0
    return { peakBytes: Math.max(...held), lastBytes: held.at(-1)!, shown, said }
  } finally {
    await server.stop()
  }
}

/** Bytes that had left and were not painted, each time that something left or was painted, until a time. */
export function heldBetween(
  departures: readonly Departure[],
  paintings: readonly Painting[],
  untilMs = Infinity,
): number[] {
  const times = [...departures, ...paintings].map(({ atMs }) => atMs).filter((atMs) => atMs <= untilMs)
  let [left, painted, shown] = [0, 0, 0]
  return times
    .toSorted((one, other) => one - other)
    .map((nowMs) => {
      while (left < departures.length && departures[left]!.atMs <= nowMs) left++
      while (painted < paintings.length && paintings[painted]!.atMs <= nowMs) painted++
      const chars = paintings[painted - 1]?.chars ?? 0
      // What has been painted of a write is not held; how much of the next one it is, nobody can see.
      while (shown < left && departures[shown]!.chars <= chars) shown++
      return (departures[left - 1]?.bytes ?? 0) - (departures[shown - 1]?.bytes ?? 0)
    })
}
