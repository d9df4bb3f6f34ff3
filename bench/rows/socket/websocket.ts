import { RAW_WS, SLUICE_WS, SLUICE_WS_IMMEDIATE, SOCKET_IO } from '../../contestants/roster.ts'
import type { Floor, Row } from '../../trials/row.ts'
import { measureThroughput, type Throughput } from '../../trials/throughput.ts'
import { measurePaced } from '../http/paced.ts'

function fastRow(
  id: string,
  max: number,
  { title, expected, load }: { title: string; expected: string; load: Throughput },
): Row {
  return {
    id,
    title,
    what: `${title}, one socket a stream; CPU per token beside one \`ws\` send per token.`,
    expected,
    contestants: [RAW_WS, SOCKET_IO, SLUICE_WS],
    floors: [cpuFloor(max), { ...cpuFloor(), what: 'server CPU per token, socket.io', contestant: SOCKET_IO }],
    measure: (stage) => measureThroughput(stage, load),
  }
}

function cpuFloor(max?: number): Floor {
  const floor = { metric: 'cpuUsPerToken', compare: 'ratio', against: RAW_WS, unit: 'µs' } as const
  return { ...floor, what: 'server CPU per token', contestant: SLUICE_WS, ...(max !== undefined && { max }) }
}

const STREAMS = 200
/** Beyond the policy's own bound a token may be this late. */
const DELAY_SLACK_MS = 5

const paced: Row = {
  id: 'ws-paced-200',
  title: `${STREAMS} streams over WebSocket at 40 tokens a second`,
  what: `${STREAMS} sockets with a stream each, at the pace of a chat model; from a token's yield to the read that completes its frame.`,
  expected: 'As over SSE: 50 ms of the default policy and a little; `immediate` within a few milliseconds.',
  contestants: [RAW_WS, SLUICE_WS_IMMEDIATE, SLUICE_WS],
  floors: [
    { what: 'p99 token delay, raw ws', metric: 'delayP99Ms', contestant: RAW_WS, compare: 'value', unit: 'ms' },
    {
      what: 'p99 token delay, immediate',
      metric: 'delayP99Ms',
      contestant: SLUICE_WS_IMMEDIATE,
      compare: 'value',
      unit: 'ms',
      max: DELAY_SLACK_MS,
    },
    {
      what: 'p99 token delay, default policy',
      metric: 'delayP99Ms',
      contestant: SLUICE_WS,
      compare: 'value',
      unit: 'ms',
      max: 50 + DELAY_SLACK_MS,
    },
    cpuFloor(),
  ],
  measure: (stage) => measurePaced(stage, STREAMS),
}

/** What WebSocket costs, beside `ws` itself and socket.io. */
export const websocketRows: readonly Row[] = [
  fastRow('ws-s1', 0.45, {
    title: 'One stream over WebSocket, as fast as it goes',
    expected: 'Raw ws makes a system call per token, a coalescing prototype took 0.37 of it: 0.35 to 0.45.',
    load: { streams: 1, tokensPerStream: 200_000 },
  }),
  fastRow('ws-s100', 0.45, {
    title: 'A hundred streams over WebSocket, as fast as they go',
    expected: 'As one stream, with the loop lag making chunks larger: 0.25 to 0.45.',
    load: { streams: 100, tokensPerStream: 2_000 },
  }),
  fastRow('ws-burst32', 0.3, {
    title: 'One stream over WebSocket in bursts of 32',
    expected: 'Raw ws does not cork: 32 system calls where ours is one. 0.15 to 0.3.',
    load: { streams: 1, tokensPerStream: 400_000, burst: 32 },
  }),
  paced,
]
