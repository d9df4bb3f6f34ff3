import { SlowLine } from '../../load/slow-line.ts'
import type { Stage } from '../../load/stage.ts'
import { slowAmong } from '../../traffic/slow-readers.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Metrics, ServerRow } from '../../trials/row.ts'
import { ADAPTIVE, SSE_NAIVE, TRANSPORTS } from './transports.ts'

const MIB = 1_048_576
const STREAMS = 500
const QUICK_STREAMS = 100
const SECONDS = 8
const QUICK_SECONDS = 4
const TOKENS_PER_SECOND = 40
/** What the streams of slow readers give: a token to begin with, then 2 MB a second, eight tokens of 4 KiB at a time. */
const FAT: Shape = { tokens: 0, tokensPerSecond: 62.5, burst: 8, fat: true, gated: true, greets: true }
const FAT_PER_SECOND = 500

export const serverMemory: ServerRow = {
  id: 'transports-memory',
  title: 'Server memory with slow readers',
  what: `500 streams, 40 tokens a second each; 15 % have a reader on a line of 8 kB/s, and a source that gives it 2 MB a second of 4 KiB tokens for ${SECONDS} s: less would vanish in the kernel, whose buffers hold 3.9 MiB a connection. Counted is how far resident memory grows at most.`,
  expected:
    'Naive holds all that the kernel does not: 900 MiB. What waits holds next to nothing, and keeps nothing to resume from; sluice keeps 1 MiB of each stream for that, so 100 to 250 MiB.',
  contestants: TRANSPORTS,
  columns: [
    { what: 'resident memory, at its peak +', metric: 'peakRssMib', unit: 'MiB', isCompared: true },
    { what: 'pulled for each slow reader', metric: 'pulledMib', unit: 'MiB' },
    { what: 'p99 of fast readers', metric: 'fastP99Ms', unit: 'ms' },
  ],
  floors: [
    {
      what: 'resident memory at its peak, growth',
      metric: 'peakRssMib',
      contestant: ADAPTIVE,
      compare: 'ratio',
      against: SSE_NAIVE,
      unit: 'MiB',
      max: 0.43,
    },
  ],
  measure,
}

async function measure(stage: Stage): Promise<Metrics> {
  const streams = stage.quick ? QUICK_STREAMS : STREAMS
  const seconds = stage.quick ? QUICK_SECONDS : SECONDS
  const main: Shape = {
    tokens: seconds * TOKENS_PER_SECOND,
    tokensPerSecond: TOKENS_PER_SECOND,
    gated: true,
    due: true,
  }
  const slow: Shape = { ...FAT, tokens: seconds * FAT_PER_SECOND }
  await stage.warmUp({ ...main, tokens: 60 }, streams)
  const before = await stage.memory()
  await stage.server.ask('watchRss')
  await using line = await SlowLine.before(stage.port)
  await stage.open({ main, slow }, streams, { slow: { port: line.port, shape: 'slow' } })
  await stage.flow({ leavesSlow: true })
  const { bytes, peakRss } = await stage.pulled()
  const { delay } = await stage.check(main.tokens, { timed: true, slow: 'begun' })
  await stage.forget()
  return {
    peakRssMib: (peakRss - before.rss) / MIB,
    pulledMib: bytes / MIB / slowAmong(streams),
    fastP99Ms: delay.p99 / 1_000,
  }
}
