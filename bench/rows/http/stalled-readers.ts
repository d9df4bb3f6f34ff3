import { DEFAULT_READER_OPTIONS, DEFAULT_STREAM_OPTIONS } from '@sluice/core'

import { NAIVE, SLUICE, WAITING } from '../../contestants/roster.ts'
import { FAT_TOKEN_BYTES, TOKEN_CHARS } from '../../traffic/fixtures.ts'
import type { Floor, Metrics, Row } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Stage } from '../../load/stage.ts'

const STREAMS = 200
const QUICK_STREAMS = 50
const BYTES_PER_STREAM = 50_000_000
const MIB = 1_048_576
const RSS_CAP_BYTES = 3_072 * MIB
/** The source counts as paused when nothing was pulled for this long. */
const QUIET_MS = 2_000

/** What sluice's defaults let one stream hold: its log, and its connection's queue with the one chunk being admitted. */
const CAPS_BYTES =
  DEFAULT_STREAM_OPTIONS.retentionBytes + DEFAULT_READER_OPTIONS.queueBytes + DEFAULT_READER_OPTIONS.maxChunkBytes
const SLACK_BYTES = 20 * 1_024

/** What a source gives more of than its reader takes. */
type FullSource = Pick<Shape, 'fat' | 'burst'>

const FLOORS: readonly Floor[] = [
  {
    what: 'heap after a collection, above Σ caps + 20 KiB a stream',
    metric: 'heapOverCapsMib',
    contestant: SLUICE,
    compare: 'value',
    unit: 'MiB',
    max: 0,
  },
  { what: 'heap after a collection', metric: 'heapMib', contestant: SLUICE, compare: 'value', unit: 'MiB' },
  { what: 'RSS growth once paused', metric: 'rssMib', contestant: SLUICE, compare: 'value', unit: 'MiB', max: 250 },
  {
    what: 'RSS growth once paused, beside a server that waits and keeps nothing',
    metric: 'rssMib',
    contestant: SLUICE,
    compare: 'difference',
    against: WAITING,
    unit: 'MiB',
  },
  { what: 'RSS growth at its peak', metric: 'peakRssMib', contestant: SLUICE, compare: 'value', unit: 'MiB' },
  { what: 'RSS growth at its peak, naive', metric: 'peakRssMib', contestant: NAIVE, compare: 'value', unit: 'MiB' },
]

function stalledRow(id: string, shape: FullSource, told: { title: string; tokens: string; expected: string }): Row {
  return {
    id,
    title: told.title,
    what: `${STREAMS} readers that take the head and then nothing; sources willing to give 50 MB each in ${told.tokens}. Measured once nothing is pulled any more (or at 3 GiB).`,
    expected: `Naive grows to wherever it is stopped. Ours pauses each source once kernel (3.9 MiB), queue and window are full; the log keeps 1 MiB a stream for replay, ${told.expected}`,
    contestants: [NAIVE, WAITING, SLUICE],
    floors: FLOORS,
    measure: (stage) => measureStalled(stage, shape),
  }
}

/** Tokens that are memory and nothing else: what the caps allow is there, byte for byte. */
export const stalledReaders: Row = stalledRow(
  'stalled',
  { fat: true },
  {
    title: 'Readers that do not read',
    tokens: 'fresh 4 KiB tokens',
    expected: 'all of it text: 200 MiB outside the heap, RSS a little above.',
  },
)

/** Tokens as models give them, a burst in each turn so that the kernel's buffers fill in a minute. */
export const stalledTokens: Row = stalledRow(
  'stalled-tokens',
  { burst: 256 },
  {
    title: 'The same, with tokens of four characters',
    tokens: 'tokens of four characters, 256 in each turn',
    expected: 'of which a token is charged 36 bytes and takes 5: 30 MiB outside the heap, RSS some 100 MiB above.',
  },
)

/** How far it goes. */
interface StalledLimits {
  readonly streams: number
  readonly bytesPerStream: number
  /** Where a contestant that never stops is stopped. */
  readonly rssCapBytes: number
}

/** Readers that take the opening and then nothing, until their sources are pulled no more. */
export async function measureStalled(
  stage: Stage,
  source: FullSource = { fat: true },
  limits: StalledLimits = {
    streams: stage.quick ? QUICK_STREAMS : STREAMS,
    bytesPerStream: BYTES_PER_STREAM,
    rssCapBytes: RSS_CAP_BYTES,
  },
): Promise<Metrics> {
  const { streams, bytesPerStream, rssCapBytes } = limits
  await stage.warmUp({ tokens: 50, gated: true }, streams)
  const before = await stage.memory()
  await stage.server.ask('watchRss')
  const tokenBytes = source.fat ? FAT_TOKEN_BYTES : TOKEN_CHARS
  const main = { ...source, tokens: Math.ceil(bytesPerStream / tokenBytes), gated: true }
  await stage.open({ main }, streams, { stalls: true })
  await stage.server.ask('gate')
  const { bytes, rss, peakRss, paused } = await stage.quiet(QUIET_MS, (pulled) => pulled.peakRss >= rssCapBytes)
  // Collecting 3 GiB that nobody lets go of says nothing.
  const after = paused ? await stage.memory() : { heap: Number.NaN, rss: Number.NaN }
  const heap = after.heap - before.heap
  return {
    heapMib: heap / MIB,
    heapOverCapsMib: (heap - streams * (CAPS_BYTES + SLACK_BYTES)) / MIB,
    rssMib: (rss - before.rss) / MIB,
    peakRssMib: (peakRss - before.rss) / MIB,
    collectedRssMib: (after.rss - before.rss) / MIB,
    pulledMibPerStream: bytes / streams / MIB,
    paused: Number(paused),
  }
}
