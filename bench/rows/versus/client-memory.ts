import { missingChromium } from '../../pages/chromium.ts'
import { holdPage } from '../../pages/held-page.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'
import { ADAPTIVE, SSE_NAIVE } from './transports.ts'

const KIB = 1_024
const TOKENS_PER_SECOND = 300
const SLOWDOWN = 6
const SECONDS = 6
const QUICK_SECONDS = 3

/** What the pages run: an EventSource that shows each token, and the client with all that it is given to be slow with. */
const SCRIPTS: Readonly<Record<string, string>> = {
  [SSE_NAIVE.name]: `new EventSource('/naive').addEventListener('text', ({ data }) => show(JSON.parse(data).text))`,
  [ADAPTIVE.name]: `import('/client.js').then(({ start, paint, framePressure }) => {
    paint(start('/v1/streams', {}), show, { pressure: framePressure() })
  })`,
}

export const clientMemory: AloneRow = {
  id: 'transports-page',
  title: 'Client memory: what lies between arrival and paint',
  what: `Chromium, its main thread ${SLOWDOWN} times slower, renders the end of its answer anew, and scrolls to it, with each piece of a stream of ${TOKENS_PER_SECOND} tokens a second, for ${SECONDS} s. Counted are the bytes that have left the server’s process and are not painted, wherever they lie: in kernels, the browser’s network process, the page.`,
  expected:
    'Naive’s page falls behind for good, and holds what the server has sent, 90 bytes a token. The client paints once a frame, so it can be five times behind before it is behind at all; what it cannot paint it tells the server of.',
  contestants: [SSE_NAIVE, ADAPTIVE],
  missing: missingChromium,
  columns: [
    { what: 'held at most', metric: 'peakKib', unit: 'KiB', isCompared: true },
    { what: 'held in the end', metric: 'lastKib', unit: 'KiB' },
    { what: 'characters shown', metric: 'shown', unit: '', isGain: true },
  ],
  floors: [
    {
      what: 'bytes held between arrival and paint, at most',
      metric: 'peakKib',
      contestant: ADAPTIVE,
      compare: 'ratio',
      against: SSE_NAIVE,
      unit: 'KiB',
      max: 0.42,
    },
  ],
  measureAlone: ({ name }, { quick }) => measure(SCRIPTS[name]!, quick),
}

async function measure(script: string, quick: boolean): Promise<Metrics> {
  const forMs = 1_000 * (quick ? QUICK_SECONDS : SECONDS)
  const { peakBytes, lastBytes, shown, said } = await holdPage({
    script,
    tokensPerSecond: TOKENS_PER_SECOND,
    slowdown: SLOWDOWN,
    forMs,
  })
  return { peakKib: peakBytes / KIB, lastKib: lastBytes / KIB, shown, said }
}
