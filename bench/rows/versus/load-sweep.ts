import { SlowLine } from '../../load/slow-line.ts'
import type { Stage } from '../../load/stage.ts'
import { slowAmong } from '../../traffic/slow-readers.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Column, Floor, Metrics, ServerRow } from '../../trials/row.ts'
import { saturation } from '../../trials/saturation.ts'
import { ADAPTIVE, SSE_NAIVE, TRANSPORTS } from './transports.ts'

const SECONDS = 5
const QUICK_SECONDS = 2
/** What a token of naive's takes on the wire, and how much of all of them a slow line carries. */
const NAIVE_BYTES = 80
const CARRIED = 0.6
const WARM_UP = { tokens: 60, tokensPerSecond: 40, gated: true }

const COLUMNS: readonly Column[] = [
  { what: 'fast readers p50', metric: 'fastP50Ms', unit: 'ms' },
  { what: 'fast readers p99', metric: 'fastP99Ms', unit: 'ms', isCompared: true },
  { what: 'slow readers p50', metric: 'slowP50Ms', unit: 'ms' },
  { what: 'slow readers p99', metric: 'slowP99Ms', unit: 'ms' },
  { what: 'delivered', metric: 'tokensPerSecond', unit: 'tokens/s', isGain: true, isCompared: true },
  { what: 'server CPU', metric: 'cpuUsPerToken', unit: 'µs/token', isCompared: true },
  { what: 'reads', metric: 'readsPerToken', unit: 'a token' },
]

/** Floors of the highest load; below it figures are shown. */
const HELD: readonly Floor[] = [
  {
    what: 'p99 of fast readers, from the scheduled time',
    metric: 'fastP99Ms',
    contestant: ADAPTIVE,
    compare: 'ratio',
    against: SSE_NAIVE,
    unit: 'ms',
    max: 0.45,
  },
  {
    what: 'tokens a second to fast readers',
    metric: 'tokensPerSecond',
    contestant: ADAPTIVE,
    compare: 'ratio',
    against: SSE_NAIVE,
    unit: '',
    min: 1,
  },
]

interface Load {
  readonly id: string
  /** Of what naive's core can bear. */
  readonly part: number
  readonly lateInTurn: boolean
  readonly title: string
  readonly expected: string
}

const LOADS: readonly Load[] = [
  {
    id: 'transports-50',
    part: 0.5,
    lateInTurn: true,
    title: 'Transports at half of what naive can bear',
    expected:
      'Everybody delivers what is due. Naive is quickest, since it waits for nothing; adaptive takes its 17 to 25 ms.',
  },
  {
    id: 'transports-90',
    part: 0.9,
    lateInTurn: true,
    title: 'Transports at nine tenths of it',
    expected: 'Naive queues behind itself now and then, so its p99 grows; what merges writes has a core left over.',
  },
  {
    id: 'transports-110',
    part: 1.1,
    lateInTurn: true,
    title: 'Transports at 1.1 of it',
    expected:
      'Naive falls behind by a tenth of the time that passes: half a second after five. Adaptive needs 0.3 of its CPU, so its p99 is what its policy waits.',
  },
  {
    id: 'transports-late',
    part: 1.1,
    lateInTurn: false,
    title: 'The same, where tokens that are late come all at once',
    expected:
      'A source whose late tokens are ready together has node merge naive’s writes for it: naive keeps up, some milliseconds late, and adaptive’s own wait is then the longer one.',
  },
]

export const loadSweep: readonly ServerRow[] = LOADS.map((load) => ({
  id: load.id,
  title: load.title,
  what: `500 streams at one pace each, 15 % of them read over a line with a latency of 100 to 150 ms that carries six tenths of what naive sends on it. All together: ${load.part} × the tokens a second that naive delivers as fast as it goes, measured before. ${load.lateInTurn ? 'Tokens that are late come one in a turn of the event loop, as from as many connections.' : 'Tokens that are late come at once.'} Latency counts from when a token was due.`,
  expected: load.expected,
  contestants: load.lateInTurn ? TRANSPORTS : [SSE_NAIVE, ADAPTIVE],
  columns: COLUMNS,
  floors: load.part > 1 && load.lateInTurn ? HELD : HELD.map(({ max: _max, min: _min, ...shown }) => shown),
  measure: (stage) => measureLoad(stage, load),
}))

async function measureLoad(stage: Stage, { part, lateInTurn }: Load): Promise<Metrics> {
  const { tokensPerSecond: most, streams } = await saturation(stage.quick)
  const perStream = (part * most) / streams
  const tokens = Math.ceil((stage.quick ? QUICK_SECONDS : SECONDS) * perStream)
  const main: Shape = { tokens, tokensPerSecond: perStream, gated: true, due: true, lateInTurn }
  await stage.warmUp(WARM_UP, streams)
  await using line = await SlowLine.before(stage.port, CARRIED * NAIVE_BYTES * perStream)
  await stage.open({ main }, streams, { slow: { port: line.port, shape: 'main' } })
  const { cpuUs, clientCpuUs, wallUs, reads, bytes } = await stage.flow()
  const { delay, slowDelay } = await stage.check(tokens, { timed: true, slow: 'whole' })
  const all = tokens * streams
  return {
    offeredPerSecond: part * most,
    fastP50Ms: delay.p50 / 1_000,
    fastP99Ms: delay.p99 / 1_000,
    slowP50Ms: slowDelay.p50 / 1_000,
    slowP99Ms: slowDelay.p99 / 1_000,
    tokensPerSecond: ((streams - slowAmong(streams)) * tokens * 1e6) / wallUs,
    cpuUsPerToken: cpuUs / all,
    readsPerToken: reads / all,
    bytesPerToken: bytes / all,
    clientBusy: clientCpuUs / wallUs,
  }
}
