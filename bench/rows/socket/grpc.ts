import { DEFAULT_READER_OPTIONS, DEFAULT_STREAM_OPTIONS } from '@sluice/core'

import { CONNECT, type Contestant, GRPC_JS, SLUICE_GRPC } from '../../contestants/roster.ts'
import { FAT_TOKEN_BYTES } from '../../traffic/fixtures.ts'
import type { Floor, Metrics, Row } from '../../trials/row.ts'
import type { Stage } from '../../load/stage.ts'
import { measureThroughput } from '../../trials/throughput.ts'
import { measurePaced } from '../http/paced.ts'

const CONTESTANTS: readonly Contestant[] = [GRPC_JS, CONNECT, SLUICE_GRPC]
const STREAMS = 50
const BYTES_PER_STREAM = 20_000_000
const MIB = 1_048_576
const QUIET_MS = 2_000

/** What one stream may hold by default: its log, its queue with the one chunk being admitted, its HTTP/2 window. */
const CAPS_BYTES =
  DEFAULT_STREAM_OPTIONS.retentionBytes +
  DEFAULT_READER_OPTIONS.queueBytes +
  DEFAULT_READER_OPTIONS.maxChunkBytes +
  65_535
const SLACK_BYTES = 20 * 1_024

function cpuFloor(contestant: Contestant, max?: number): Floor {
  return {
    what: `server CPU per token, ${contestant.name}`,
    metric: 'cpuUsPerToken',
    contestant,
    compare: 'ratio',
    against: GRPC_JS,
    unit: 'µs',
    ...(max !== undefined && { max }),
  }
}

const CPU_FLOORS = [cpuFloor(SLUICE_GRPC, 0.75), cpuFloor(CONNECT)]

/** Beside what one writes with grpc-js, which waits where it is asked to, and with Connect. */
export const grpcRows: readonly Row[] = [
  {
    id: 'grpc-s1',
    title: 'gRPC: one stream, as fast as it goes',
    what: 'One stream of 100,000 tokens on one HTTP/2 connection, one token ready in each turn.',
    expected: 'A message costs grpc-js 15 to 20 µs, and ours carries some 10 tokens or more: 0.3 to 0.5.',
    contestants: CONTESTANTS,
    floors: CPU_FLOORS,
    measure: (stage) => measureThroughput(stage, { streams: 1, tokensPerStream: 100_000 }),
  },
  {
    id: 'grpc-s100',
    title: 'gRPC: 100 streams, as fast as they go',
    what: '100 streams of 1,000 tokens on one HTTP/2 connection, one token ready in each turn for each of them.',
    expected: 'As with one stream, with the turn shared by a hundred: 0.3 to 0.5.',
    contestants: CONTESTANTS,
    floors: CPU_FLOORS,
    measure: (stage) => measureThroughput(stage, { streams: 100, tokensPerStream: 1_000 }),
  },
  {
    id: 'grpc-paced-200',
    title: 'gRPC: 200 streams at 40 tokens a second',
    what: '200 streams on one HTTP/2 connection, each at the pace of a chat model for 10 s; CPU per token, and how late tokens are.',
    expected: 'A 50 ms window merges two tokens: 0.7 to 0.9 of grpc-js, delay within the window.',
    contestants: CONTESTANTS,
    floors: [
      cpuFloor(SLUICE_GRPC),
      {
        what: 'p99 token delay, sluice grpc',
        metric: 'delayP99Ms',
        contestant: SLUICE_GRPC,
        compare: 'value',
        unit: 'ms',
        max: 55,
      },
      { what: 'p99 token delay, grpc-js', metric: 'delayP99Ms', contestant: GRPC_JS, compare: 'value', unit: 'ms' },
    ],
    measure: (stage) => measurePaced(stage, 200),
  },
  {
    id: 'grpc-stalled',
    title: 'gRPC: readers that do not read',
    what: `${STREAMS} calls whose client opens HTTP/2's default window and then reads nothing; sources willing to give 20 MB each in fresh 4 KiB tokens. Measured once nothing is pulled any more.`,
    expected: 'Both stop at the window; ours also keeps its log for replay: at the caps, which are 1.1 MiB a stream.',
    contestants: CONTESTANTS,
    floors: [
      {
        what: 'heap after a collection, above Σ caps + 20 KiB a stream',
        metric: 'heapOverCapsMib',
        contestant: SLUICE_GRPC,
        compare: 'value',
        unit: 'MiB',
        max: 0,
      },
      { what: 'heap after a collection', metric: 'heapMib', contestant: SLUICE_GRPC, compare: 'value', unit: 'MiB' },
      { what: 'heap, grpc-js', metric: 'heapMib', contestant: GRPC_JS, compare: 'value', unit: 'MiB' },
    ],
    measure: measureStalled,
  },
]

async function measureStalled(stage: Stage): Promise<Metrics> {
  await stage.warmUp({ tokens: 50, gated: true }, STREAMS)
  const before = await stage.memory()
  await stage.server.ask('watchRss')
  const main = { tokens: Math.ceil(BYTES_PER_STREAM / FAT_TOKEN_BYTES), fat: true, gated: true }
  await stage.open({ main }, STREAMS, { stalls: true })
  await stage.server.ask('gate')
  const { bytes, rss, paused } = await stage.quiet(QUIET_MS)
  const heap = (await stage.memory()).heap - before.heap
  return {
    heapMib: heap / MIB,
    heapOverCapsMib: (heap - STREAMS * (CAPS_BYTES + SLACK_BYTES)) / MIB,
    rssMib: (rss - before.rss) / MIB,
    pulledMibPerStream: bytes / STREAMS / MIB,
    paused: Number(paused),
  }
}
