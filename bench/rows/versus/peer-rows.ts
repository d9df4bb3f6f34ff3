import { FIXED_YOUNG_GENERATION } from '../../contestants/roster.ts'
import { missingPeers } from '../../contestants/peers/installed/versions.ts'
import type { Stage } from '../../load/stage.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Metrics, ServerRow } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'
import { measureGone } from '../http/disconnect.ts'
import { measureIdle } from '../http/idle-memory.ts'
import { measurePaced } from '../http/paced.ts'
import { measureStalled } from '../http/stalled-readers.ts'
import { CANCELLING_PEERS, PEERS, shown } from './peers.ts'

const MIB = 1_048_576
const IDLE_STREAMS = 500
const IDLE_MS = 1_000
const STALLED_STREAMS = 50
const STALLED_BYTES = 20_000_000
const STALLED_CAP_BYTES = 1_536 * MIB
const GONE_STREAMS = 50

const STREAMING: Shape = { tokens: 4_000, tokensPerSecond: 40, gated: true, watchesSignal: true }
const SILENT: Shape = { tokens: 0, staysOpen: true, watchesSignal: true }

const ALIKE = 'The same tokens to everybody; each answer is compared with what its stream said.'

export const peerRows: readonly ServerRow[] = [
  {
    id: 'peers-fast',
    title: 'Peers: 100 streams, as fast as they go',
    what: `100 streams of 500 tokens, one ready in each turn of the event loop for each of them. ${ALIKE}`,
    expected: 'A write per token is the cost of nearly all; web streams and parts that are objects add to it.',
    contestants: PEERS,
    missing: missingPeers,
    columns: [
      { what: 'server CPU', metric: 'cpuUsPerToken', unit: 'µs/token', isCompared: true },
      { what: 'delivered', metric: 'tokensPerSecond', unit: 'tokens/s', isGain: true },
      { what: 'bytes', metric: 'bytesPerToken', unit: 'a token' },
      { what: 'reads', metric: 'readsPerToken', unit: 'a token' },
    ],
    floors: [shown('server CPU per token', 'cpuUsPerToken', 'µs')],
    measure: (stage) => measureThroughput(stage, { streams: 100, tokensPerStream: 500 }),
  },
  {
    id: 'peers-paced',
    title: 'Peers: 200 streams at 40 tokens a second',
    what: `Each stream at the pace of a chat model for 4 s; latency from a token’s yield to the read that completed its event. ${ALIKE}`,
    expected:
      'Source and timers are 0.4 of it. What writes each token at once is quickest, what batches is late by its batch.',
    contestants: PEERS,
    missing: missingPeers,
    columns: [
      { what: 'token p50', metric: 'delayP50Ms', unit: 'ms' },
      { what: 'token p99', metric: 'delayP99Ms', unit: 'ms' },
      { what: 'server CPU', metric: 'cpuUsPerToken', unit: 'µs/token', isCompared: true },
      { what: 'bytes', metric: 'bytesPerToken', unit: 'a token' },
    ],
    floors: [shown('server CPU per token', 'cpuUsPerToken', 'µs')],
    measure: (stage) => measurePaced(stage, 200, 4),
  },
  {
    id: 'peers-idle',
    title: 'Peers: memory of an open stream',
    what: `${IDLE_STREAMS} open streams that have given one token and wait for the next, after full collections, less what there was before.`,
    expected: 'Most of it is node’s own socket and response.',
    contestants: PEERS.map((contestant) => ({ ...contestant, nodeOptions: FIXED_YOUNG_GENERATION })),
    missing: missingPeers,
    columns: [
      { what: 'resident', metric: 'rssKib', unit: 'KiB a stream' },
      { what: 'heap', metric: 'heapKib', unit: 'KiB a stream' },
    ],
    floors: [shown('heap per stream', 'heapKib', 'KiB')],
    measure: (stage) => measureIdle(stage, IDLE_STREAMS, IDLE_MS),
  },
  {
    id: 'peers-stalled',
    title: 'Peers: readers that do not read',
    what: `${STALLED_STREAMS} readers that take the head and then nothing; sources willing to give 20 MB each in tokens of 4 KiB. Stopped at 1.5 GiB.`,
    expected:
      'Who waits is held back by the kernel after 3.9 MiB a stream; who does not pulls all 19 MiB and holds what the kernel did not take.',
    contestants: PEERS,
    missing: missingPeers,
    columns: [
      { what: 'resident memory at its peak +', metric: 'peakRssMib', unit: 'MiB' },
      { what: 'pulled', metric: 'pulledMibPerStream', unit: 'MiB a stream' },
    ],
    floors: [shown('resident memory at its peak, growth', 'peakRssMib', 'MiB')],
    measure: (stage) => {
      const streams = STALLED_STREAMS
      return measureStalled(
        stage,
        { fat: true },
        { streams, bytesPerStream: STALLED_BYTES, rssCapBytes: STALLED_CAP_BYTES },
      )
    },
  },
  {
    id: 'peers-gone',
    title: 'Peers: the reader has gone, the source is stopped',
    what: `${GONE_STREAMS} readers leave one after the other, while tokens come, and before the first one; from the client’s \`destroy()\` to when the source is told: its signal aborts, or nobody wants its next token any more. Within 1.5 s, or never.`,
    expected: 'Who has no signal learns of it with the next token, if at all, so never while the model is silent.',
    contestants: CANCELLING_PEERS,
    missing: missingPeers,
    columns: [
      { what: 'stopped while streaming', metric: 'streamingPercent', unit: '%', isGain: true },
      { what: 'streaming p99', metric: 'streamingP99Ms', unit: 'ms' },
      { what: 'stopped while silent', metric: 'silentPercent', unit: '%', isGain: true },
      { what: 'silent p99', metric: 'silentP99Ms', unit: 'ms' },
    ],
    floors: [],
    measure: measureBothGone,
  },
]

async function measureBothGone(stage: Stage): Promise<Metrics> {
  const streaming = await measureGone(stage, { streams: GONE_STREAMS, shape: STREAMING })
  await stage.forget()
  const silent = await measureGone(stage, { streams: GONE_STREAMS, shape: SILENT })
  return {
    streamingPercent: streaming['abortedPercent']!,
    streamingP99Ms: timeOf(streaming),
    silentPercent: silent['abortedPercent']!,
    silentP99Ms: timeOf(silent),
  }
}

/** Where none was stopped there is no time that it took. */
function timeOf({ abortedPercent, p99Ms }: Metrics): number {
  return abortedPercent! > 0 ? p99Ms! : Number.NaN
}
