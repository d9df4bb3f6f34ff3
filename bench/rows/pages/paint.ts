import { missingChromium } from '../../pages/chromium.ts'
import { paintPage, type PaintedOptions } from '../../pages/painted-page.ts'
import { APPEND, PAGE_CONTESTANTS, PAINT, TEXT_CONTENT } from '../../pages/roster.ts'
import { percentiles } from '../../traffic/percentiles.ts'
import type { AloneRow, Floor, Metrics } from '../../trials/row.ts'

const TOKENS = 10_000
const BURST = 64
const QUICK_PART = 10
/** A phone, beside the machine that measures. */
const SLOWDOWN = 4

const COST = { metric: 'mainThreadMs', contestant: PAINT, compare: 'ratio', unit: 'ms' } as const
const HEAP = { metric: 'peakHeapMib', contestant: PAINT, compare: 'ratio', unit: 'MiB' } as const
const against = ({ name }: { name: string }): string => `beside \`${name}\``

/** What the main thread spends beside each of the others, and the most that the heap holds. */
function costFloors(toTextContent?: number, toAppend?: number): Floor[] {
  return [
    { ...COST, what: `main thread ${against(TEXT_CONTENT)}`, against: TEXT_CONTENT, ...bound(toTextContent) },
    { ...COST, what: `main thread ${against(APPEND)}`, against: APPEND, ...bound(toAppend) },
    { ...HEAP, what: `peak JS heap ${against(TEXT_CONTENT)}`, against: TEXT_CONTENT },
  ]
}

function bound(max: number | undefined): { max?: number } {
  return max === undefined ? {} : { max }
}

function row(facts: Omit<AloneRow, 'contestants' | 'missing' | 'measureAlone'>, shape: PaintedOptions): AloneRow {
  return {
    ...facts,
    contestants: PAGE_CONTESTANTS,
    missing: missingChromium,
    measureAlone: ({ name }, { quick }) => measure(name, { ...shape, tokens: TOKENS / (quick ? QUICK_PART : 1) }),
  }
}

async function measure(name: string, options: PaintedOptions): Promise<Metrics> {
  const contestant = PAGE_CONTESTANTS.find((one) => one.name === name)!
  const { mainThreadMs, layoutMs, peakHeapBytes, watched } = await paintPage(contestant, options)
  const metrics = { mainThreadMs, layoutMs, peakHeapMib: peakHeapBytes / 2 ** 20 }
  if (!watched) return metrics
  const { dropped, frames, gapsMs } = watched
  const gaps = percentiles(gapsMs)
  return { ...metrics, dropped, frames, gapP50Ms: gaps.p50, gapP99Ms: gaps.p99 }
}

const SHOWN = `Chromium shows ${TOKENS} tokens, each an event of its own, read over SSE from the same server; each contestant has a fresh browser. Counted is CPU of the page’s main thread.`

export const paintRows: readonly AloneRow[] = [
  row(
    {
      id: 'paint-paced',
      title: 'A page that shows 200 tokens a second',
      what: SHOWN,
      expected:
        '0.15–0.2 and 0.1–0.15: both others lay out the whole answer with each frame, and are woken by each token. The heap of a page is some 0.8 MiB without any of them, so its ratio says little.',
      floors: costFloors(0.2, 0.4),
    },
    { tokens: TOKENS, tokensPerSecond: 200, burst: 1 },
  ),
  row(
    {
      id: 'paint-bursts',
      title: `The same in bursts of ${BURST}`,
      what: `${SHOWN} They come as backends give them: ${BURST} at a time, three times a second.`,
      expected:
        '0.5: the others show each burst in one frame, at a stroke; sluice spreads it over two, which is what a reader wants and costs as much as frames do.',
      floors: costFloors(1, 1),
    },
    { tokens: TOKENS, tokensPerSecond: 200, burst: BURST },
  ),
  row(
    {
      id: 'paint-fast',
      title: 'The same as fast as it goes',
      what: `${SHOWN} ${BURST} come in each turn of the server’s event loop.`,
      expected: '0.1–0.2 beside `textContent +=`, which is quadratic; 0.5 beside `append`.',
      floors: costFloors(0.2),
    },
    { tokens: TOKENS, burst: BURST },
  ),
  row(
    {
      id: 'paint-frames',
      title: `Frames at 200 tokens a second, of a page that is ${SLOWDOWN} times slower`,
      what: `As \`paint-paced\`, with the main thread slowed down ${SLOWDOWN} times, as a phone’s is; the page notes each frame. Dropped is what is missing at 60 a second; a gap is the time between two frames that show something new.`,
      expected: 'Nearly none, where the others miss frames from some thousand tokens on; a gap of two frames.',
      floors: [
        {
          what: `dropped frames ${against(TEXT_CONTENT)}`,
          metric: 'dropped',
          contestant: PAINT,
          compare: 'ratio',
          against: TEXT_CONTENT,
          unit: '',
          max: 0.2,
        },
        {
          what: `dropped frames ${against(APPEND)}`,
          metric: 'dropped',
          contestant: PAINT,
          compare: 'ratio',
          against: APPEND,
          unit: '',
        },
        { what: 'p50 between paints', metric: 'gapP50Ms', contestant: PAINT, compare: 'value', unit: 'ms' },
        { what: 'p99 between paints', metric: 'gapP99Ms', contestant: PAINT, compare: 'value', unit: 'ms', max: 50 },
        ...costFloors(),
      ],
    },
    { tokens: TOKENS, tokensPerSecond: 200, burst: 1, watches: true, slowdown: SLOWDOWN },
  ),
]
