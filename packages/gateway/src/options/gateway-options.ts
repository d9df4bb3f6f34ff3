import {
  DEFAULT_BODY_OPTIONS,
  DEFAULT_LIMIT_OPTIONS,
  DEFAULT_READER_OPTIONS,
  DEFAULT_STREAM_OPTIONS,
} from '@sluice/core'
import { DEFAULT_MAX_JSON_BYTES } from '@sluice/http'
import { DEFAULT_JOBS_OPTIONS } from '@sluice/jobs'

/** How talkative the gateway is. */
export type LogLevel = 'quiet' | 'info' | 'debug'

/** How a line of the log is written. */
export type LogFormat = 'text' | 'json'

/** What the gateway does with an answer that nobody reads any more. */
export type OnDisconnect = 'cancel' | 'continue' | { readonly graceMs: number }

/** Everything the gateway can be told, resolved. Durations are milliseconds, sizes bytes. */
export interface GatewayOptions extends GatewayLimits, JobSettings, RedisSettings, PageSettings {
  readonly port: number
  readonly host: string
  /** Port for gRPC (HTTP/2 without TLS); without one it is off. Connect and gRPC-Web are on the main port. */
  readonly grpcPort: number | undefined
  /** Base URL of the backend, without a slash at its end; without one the demo runner answers. */
  readonly upstream: string | undefined
  readonly upstreamKey: string | undefined
  /** Left out: 15 s, and `cancel` for clients of OpenAI's route that give no sign of coming back. */
  readonly onDisconnect: OnDisconnect | undefined
  readonly auth: 'none' | 'bearer'
  readonly insecure: boolean
  readonly corsOrigin: readonly string[]
  /** What requests may call a gateway on loopback, beside its addresses and `localhost`. */
  readonly allowedHost: readonly string[]
  /** What tickets are signed with; left out, gateways on one Redis agree on one. */
  readonly ticketSecret: string | undefined
  /** What a proxy in front takes off the path. */
  readonly publicPrefix: string | undefined
  /** How long an answer to `GET /v1/streams/{id}` lasts before its client is asked to reconnect, ± 10 %. */
  readonly rotateAfterMs: number | false
  readonly drainMs: number
  /** Directory that keeps streams; without one, and without Redis, they live in memory. */
  readonly data: string | undefined
  readonly log: LogLevel
  readonly logFormat: LogFormat
  /** File that is given when each token of each answer came. */
  readonly record: string | undefined
  readonly help: boolean
  readonly version: boolean
}

/** How answers that nobody waits for are made. */
export interface JobSettings {
  /** How many this process makes at a time; 0: it leaves them to workers. */
  readonly jobConcurrency: number
  readonly jobAttempts: number
  /** How long a job may wait for its first attempt. */
  readonly jobWaitMs: number
  /** How long a job and its answer are kept after its end. */
  readonly jobKeepMs: number
  readonly jobsQueued: number
  readonly jobsQueuedPerOwner: number
  readonly jobsPerOwner: number
  /** Lines of batches that this process asks at a time. */
  readonly batchConcurrency: number
  /** Ports that webhooks may have; none: 443. */
  readonly webhookPort: readonly number[]
  /** Also on networks of this machine, and without TLS. */
  readonly webhooksAnywhere: boolean
}

/** Whether a page to look at is served at `/`. */
export interface PageSettings {
  /** Also where others than this machine reach it. */
  readonly page: boolean
  /** Nowhere; it wins. */
  readonly noPage: boolean
}

/** Where Redis is, and how it is reached. */
export interface RedisSettings {
  /** Redis URL; without one streams live in memory. */
  readonly redis: string | undefined
  /** Files in PEM: authorities, a client certificate, its key. */
  readonly redisCa: string | undefined
  readonly redisCert: string | undefined
  readonly redisKey: string | undefined
  /** What its certificate is made out to, where that is not the host. */
  readonly redisServerName: string | undefined
  /** How long the start waits for a Redis that cannot be reached yet. */
  readonly redisWaitMs: number
}

/** Every limit of time and size. `false` where one is switched off. */
export interface GatewayLimits extends BodyLimits {
  /** For a connection to the backend: name, TCP and TLS. */
  readonly upstreamConnectMs: number
  /** How long the backend may be silent on a path that is passed on. */
  readonly upstreamSilenceMs: number | false
  readonly firstTokenMs: number | false
  readonly idleMs: number | false
  readonly totalMs: number | false
  /** Largest chunk of a streamed answer: an image comes in one. */
  readonly maxChunkBytes: number
  /** Largest answer of the backend that comes in one piece. */
  readonly maxCompletionBytes: number
  readonly streams: number
  /** Left open, these three depend on `auth`. */
  readonly streamsPerOwner: number | undefined
  readonly startsPerSecond: number | undefined
  readonly startBurst: number | undefined
  readonly readersPerStream: number
  readonly windowBytes: number
  readonly retentionBytes: number
  readonly retentionMs: number
  /** All logs of this process. */
  readonly memoryBytes: number
  /** The file of `data`. */
  readonly dataBytes: number
  readonly unattachedMs: number
  readonly openAfterMs: number
  readonly heartbeatMs: number | false
  readonly stallMs: number | false
  readonly queueBytes: number
  readonly closeGraceMs: number
  readonly maxSockets: number
  readonly streamsPerSocket: number
  readonly messageBytes: number
  readonly messagesPerSecond: number
  readonly messageBurst: number
  readonly ticketMs: number
  readonly redisCommandMs: number
  readonly redisOutageMs: number
}

/** What a request may bring, and what is collected to one body. */
export interface BodyLimits {
  readonly maxBodyBytes: number
  /** Largest message over gRPC, gRPC-Web and Connect, which is decoded in one step. */
  readonly grpcMessageBytes: number
  /** Members of objects and elements of lists in one such message. */
  readonly grpcMessageMembers: number
  /** All request bodies that are being received. */
  readonly bodyTotalBytes: number
  /** How long a request body may take however slowly it comes, and what it must have brought a second from then on. */
  readonly bodyGraceMs: number
  readonly bodyBytesPerSecond: number
  /** Names and elements of a request's JSON, and names of one object in it. */
  readonly jsonMembers: number
  readonly jsonNames: number
  readonly maxJsonBytes: number
  /** Head of a request. */
  readonly maxHeaderBytes: number
}

const MIB = 1024 * 1024

/** What holds when nothing is said. */
export const DEFAULT_GATEWAY_OPTIONS: GatewayOptions = {
  port: 8080,
  host: '127.0.0.1',
  grpcPort: undefined,
  upstream: undefined,
  upstreamKey: undefined,
  data: undefined,
  redis: undefined,
  redisCa: undefined,
  redisCert: undefined,
  redisKey: undefined,
  redisServerName: undefined,
  redisWaitMs: 10_000,
  onDisconnect: undefined,
  auth: 'none',
  insecure: false,
  corsOrigin: [],
  allowedHost: [],
  ticketSecret: undefined,
  publicPrefix: undefined,
  page: false,
  noPage: false,
  rotateAfterMs: DEFAULT_READER_OPTIONS.rotateAfterMs,
  drainMs: 25_000,
  log: 'info',
  logFormat: 'text',
  record: undefined,
  upstreamConnectMs: 10_000,
  upstreamSilenceMs: 600_000,
  firstTokenMs: DEFAULT_STREAM_OPTIONS.deadlines.firstTokenMs,
  idleMs: DEFAULT_STREAM_OPTIONS.deadlines.idleMs,
  totalMs: DEFAULT_STREAM_OPTIONS.deadlines.totalMs,
  maxChunkBytes: 16 * MIB,
  maxCompletionBytes: 16 * MIB,
  maxBodyBytes: 32 * MIB,
  grpcMessageBytes: MIB,
  grpcMessageMembers: 25_000,
  bodyTotalBytes: DEFAULT_BODY_OPTIONS.totalBytes,
  bodyGraceMs: DEFAULT_BODY_OPTIONS.graceMs,
  bodyBytesPerSecond: DEFAULT_BODY_OPTIONS.bytesPerSecond,
  jsonMembers: DEFAULT_BODY_OPTIONS.jsonMembers,
  jsonNames: DEFAULT_BODY_OPTIONS.jsonNames,
  maxJsonBytes: DEFAULT_MAX_JSON_BYTES,
  maxHeaderBytes: 16_384,
  streams: DEFAULT_LIMIT_OPTIONS.streams,
  streamsPerOwner: undefined,
  startsPerSecond: undefined,
  startBurst: undefined,
  readersPerStream: DEFAULT_LIMIT_OPTIONS.readersPerStream,
  windowBytes: DEFAULT_STREAM_OPTIONS.windowBytes,
  retentionBytes: DEFAULT_STREAM_OPTIONS.retentionBytes,
  retentionMs: DEFAULT_STREAM_OPTIONS.retentionMs,
  memoryBytes: 256 * MIB,
  dataBytes: 1024 * MIB,
  unattachedMs: DEFAULT_STREAM_OPTIONS.unattachedMs,
  openAfterMs: DEFAULT_STREAM_OPTIONS.openAfterMs,
  heartbeatMs: DEFAULT_READER_OPTIONS.heartbeatMs,
  stallMs: DEFAULT_READER_OPTIONS.stallMs,
  queueBytes: DEFAULT_READER_OPTIONS.queueBytes,
  closeGraceMs: DEFAULT_READER_OPTIONS.closeGraceMs,
  maxSockets: 10_000,
  streamsPerSocket: 100,
  messageBytes: 64 * 1024,
  messagesPerSecond: 100,
  messageBurst: 200,
  ticketMs: 30_000,
  redisCommandMs: 5_000,
  redisOutageMs: 30_000,
  jobConcurrency: 32,
  jobAttempts: DEFAULT_JOBS_OPTIONS.job.attempts,
  jobWaitMs: DEFAULT_JOBS_OPTIONS.job.waitMs,
  jobKeepMs: DEFAULT_JOBS_OPTIONS.job.keepMs,
  jobsQueued: DEFAULT_JOBS_OPTIONS.limits.queued,
  jobsQueuedPerOwner: DEFAULT_JOBS_OPTIONS.limits.queuedPerOwner,
  jobsPerOwner: DEFAULT_JOBS_OPTIONS.limits.runningPerOwner,
  batchConcurrency: 64,
  webhookPort: [],
  webhooksAnywhere: false,
  help: false,
  version: false,
}
