import type { DialectName } from '../traffic/dialect.ts'
import type { ContestantOptions } from './host.ts'

/** A server program with its options, under the name it has in the report. */
export interface Contestant {
  readonly name: string
  readonly program: string
  readonly options: ContestantOptions
  readonly nodeOptions: readonly string[]
  /** How its streams are asked for over WebSocket; without it they are over HTTP. */
  readonly dialect?: DialectName
  /** The program that asks it. */
  readonly load: string
  /** It is given a Redis of its own. */
  readonly needsRedis?: boolean
}

function contestant(name: string, program: string, options: ContestantOptions = {}): Contestant {
  return { name, program: `contestants/${program}.ts`, options, nodeOptions: [], load: 'load/client.ts' }
}

export const NAIVE: Contestant = contestant('naive', 'naive')
/** Naive, but for waiting where `write` asks it to. */
export const WAITING: Contestant = contestant('waiting', 'naive', { waits: true })
export const SLUICE: Contestant = contestant('sluice', 'sluice')
export const SLUICE_IMMEDIATE: Contestant = contestant('sluice immediate', 'sluice', { policy: 'immediate' })
export const SLUICE_400: Contestant = contestant('sluice adaptive 400', 'sluice', { policy: 'adaptive-400' })
export const SLUICE_CANCELLING: Contestant = contestant('sluice', 'sluice', { onDisconnect: 'cancel' })
export const EXPRESS: Contestant = contestant('sluice express', 'frameworks/express')
export const FASTIFY: Contestant = contestant('sluice fastify', 'frameworks/fastify')
export const HONO: Contestant = contestant('sluice hono', 'frameworks/hono')
export const NEXT: Contestant = contestant('sluice next', 'frameworks/next')
/** What these two send without our adapter. */
export const HONO_RESPONSE: Contestant = contestant('hono response', 'frameworks/hono', { plainResponse: true })
export const NEXT_RESPONSE: Contestant = contestant('next response', 'frameworks/next', { plainResponse: true })
/** What the gateway stands in front of, asked straight. */
export const BACKEND: Contestant = contestant('backend', 'backend')
/** The same backend; the row puts the gateway before it. */
export const GATEWAY: Contestant = contestant('gateway', 'backend')
export const RAW_WS: Contestant = { ...contestant('raw ws', 'websocket/websocket-raw'), dialect: 'ws' }
/** Raw ws, but for waiting where much is buffered. */
export const WAITING_WS: Contestant = {
  ...contestant('waiting ws', 'websocket/websocket-raw', { waits: true }),
  dialect: 'ws',
}
export const SOCKET_IO: Contestant = {
  ...contestant('socket.io', 'websocket/websocket-socketio'),
  dialect: 'socket.io',
}
export const SLUICE_WS: Contestant = { ...contestant('sluice websocket', 'websocket/websocket'), dialect: 'sluice' }
export const SLUICE_WS_IMMEDIATE: Contestant = {
  ...contestant('sluice websocket immediate', 'websocket/websocket', { policy: 'immediate' }),
  dialect: 'sluice',
}
/** The AI SDK's own `createUIMessageStreamResponse`. */
export const AI_SDK: Contestant = contestant('ai sdk', 'ai-sdk/ai-sdk')
export const SLUICE_UI: Contestant = contestant('sluice ui', 'sluice', { uiMessages: true })
export const SLUICE_UI_IMMEDIATE: Contestant = contestant('sluice ui immediate', 'sluice', {
  uiMessages: true,
  policy: 'immediate',
})
export const SOURCE_ONLY: Contestant = contestant('source only', 'source-only')

/**
 * V8 lets the young generation grow by doubling while much survives, and does not take it back: 16 KiB a stream more or
 * less, by accident. Where memory is measured it has one size from the start.
 */
export const FIXED_YOUNG_GENERATION: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16']

export const NAIVE_FIXED_YOUNG: Contestant = { ...NAIVE, nodeOptions: FIXED_YOUNG_GENERATION }
/** Beats often enough to have done so when its memory is measured. */
export const SLUICE_BEATING: Contestant = {
  ...contestant('sluice', 'sluice', { heartbeatMs: 2_000 }),
  nodeOptions: FIXED_YOUNG_GENERATION,
}

function grpcContestant(name: string, program: string, options: ContestantOptions = {}): Contestant {
  return { ...contestant(name, program, options), load: 'load/grpc-client.ts' }
}

export const GRPC_JS: Contestant = grpcContestant('grpc-js', 'grpc/grpc-js')
export const CONNECT: Contestant = grpcContestant('connect', 'grpc/connect')
export const SLUICE_GRPC: Contestant = grpcContestant('sluice grpc', 'grpc/sluice-grpc')

/** What others publish for the same, each as its README has it; installed by `contestants/peers/installed/package-lock.json` where it is theirs alone. */
export const BETTER_SSE: Contestant = contestant('better-sse', 'peers/better-sse')
export const FASTIFY_SSE: Contestant = contestant('@fastify/sse', 'peers/fastify-sse')
export const HONO_SSE: Contestant = contestant('Hono streamSSE', 'peers/hono-sse')
export const AI_UI_STREAM: Contestant = contestant('ai createUIMessageStream', 'peers/ai-sdk')
export const RESUMABLE_STREAM: Contestant = { ...contestant('resumable-stream', 'peers/resumable'), needsRedis: true }
export const TANSTACK_AI: Contestant = contestant('TanStack AI', 'peers/tanstack-ai')
export const TANSTACK_DURABLE: Contestant = contestant('TanStack AI, durable', 'peers/tanstack-ai', { isDurable: true })
export const DURABLE_STREAMS: Contestant = contestant('Durable Streams', 'peers/durable-streams')
/** Those that answer over SSE. */
export const SSE_PEERS: readonly Contestant[] = [
  ...[BETTER_SSE, FASTIFY_SSE, HONO_SSE, AI_UI_STREAM],
  ...[RESUMABLE_STREAM, TANSTACK_AI, TANSTACK_DURABLE, DURABLE_STREAMS],
]
