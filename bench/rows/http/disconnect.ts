import { NAIVE, SLUICE_CANCELLING } from '../../contestants/roster.ts'
import { percentiles } from '../../traffic/percentiles.ts'
import type { Floor, Metrics, Row } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Stage } from '../../load/stage.ts'

const DROP_EVERY_MS = 5
const WAIT_MS = 1_500
const SETTLE_MS = 300
/** A source counts as blocked when it was not pulled for this long. */
const BLOCKED_MS = 500

interface Situation {
  name: string
  streams: number
  shape: Shape
}

const SITUATIONS: readonly Situation[] = [
  {
    name: 'while streaming',
    streams: 200,
    shape: { tokens: 4_000, tokensPerSecond: 40, gated: true, watchesSignal: true },
  },
  {
    name: 'waiting for the first token',
    streams: 200,
    shape: { tokens: 0, staysOpen: true, watchesSignal: true },
  },
  {
    name: 'blocked on a stalled reader',
    streams: 100,
    shape: { tokens: 1_000_000, fat: true, gated: true, watchesSignal: true },
  },
]

function situationRow({ name, streams, shape }: Situation, index: number): Row {
  const aborted = { metric: 'abortedPercent', compare: 'value', unit: '%' } as const
  const floors: Floor[] = [
    { what: 'sources aborted', ...aborted, contestant: SLUICE_CANCELLING, min: 100 },
    {
      what: 'p99 destroy → abort',
      metric: 'p99Ms',
      contestant: SLUICE_CANCELLING,
      compare: 'value',
      unit: 'ms',
      max: 5,
    },
  ]
  // Naive servers do not stop when told to pause either: 3 GiB a repetition to show a zero.
  const contestants = shape.fat ? [SLUICE_CANCELLING] : [NAIVE, SLUICE_CANCELLING]
  if (!shape.fat) floors.push({ what: 'sources aborted, naive', ...aborted, contestant: NAIVE })
  return {
    id: `disconnect-${index + 1}`,
    title: `Reader gone, ${name}`,
    what: `${streams} readers, policy \`cancel\`, leave one after the other, ${name}; from the client’s \`destroy()\` to the \`abort\` event of the source’s signal.`,
    expected:
      'Node reports the close in the loop turn that sees it: under a millisecond, and every one of them. Naive: never.',
    contestants,
    floors,
    measure: (stage) => measureGone(stage, { streams, shape }),
  }
}

/** Readers leave one after the other: how many sources are stopped for that, and how soon. */
export async function measureGone(
  stage: Stage,
  { streams, shape }: Pick<Situation, 'streams' | 'shape'>,
): Promise<Metrics> {
  await stage.warmUp({ tokens: 50, gated: true }, streams)
  await stage.open({ main: shape }, streams, { stalls: shape.fat ?? false })
  await stage.server.ask('gate')
  if (shape.fat) await stage.quiet(BLOCKED_MS)
  else await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const droppedUs = await stage.load.ask<number[]>('drop', { everyMs: DROP_EVERY_MS })
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  const abortedUs = await stage.server.ask<number[]>('aborts')
  const early = abortedUs.filter((atUs, stream) => atUs > 0 && atUs < droppedUs[stream]!).length
  if (early > 0) throw new Error(`${early} sources were aborted before their reader had left.`)
  const waits = abortedUs.flatMap((atUs, stream) => (atUs === 0 ? [] : [atUs - droppedUs[stream]!]))
  const { p50, p99, max } = percentiles(waits)
  return { abortedPercent: (100 * waits.length) / streams, p50Ms: p50 / 1_000, p99Ms: p99 / 1_000, maxMs: max / 1_000 }
}

export const disconnectRows: readonly Row[] = SITUATIONS.map(situationRow)
