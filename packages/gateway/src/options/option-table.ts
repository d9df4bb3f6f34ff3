import { DEFAULT_READER_OPTIONS } from '@sluice/core'

import { parseBaseUrl, parseHost, parseOrigins, parseRedisUrl, parseWholeNumber } from './option-values.ts'

/** How talkative the gateway is. */
export type LogLevel = 'quiet' | 'info' | 'debug'

/** What the gateway does with an answer that nobody reads any more. */
export type OnDisconnect = 'cancel' | 'continue' | { readonly graceMs: number }

/** Everything the gateway can be told, resolved. */
export interface GatewayOptions {
  readonly port: number
  readonly host: string
  /** Port for gRPC (HTTP/2 without TLS); without one it is off. Connect and gRPC-Web are on the main port. */
  readonly grpcPort: number | undefined
  /** Base URL of the backend, without a slash at its end; without one the demo runner answers. */
  readonly upstream: string | undefined
  readonly upstreamKey: string | undefined
  /** Redis URL; without one streams live in memory. */
  readonly redis: string | undefined
  /** Left out: 15 s, and `cancel` for clients of OpenAI's route that give no sign of coming back. */
  readonly onDisconnect: OnDisconnect | undefined
  readonly auth: 'none' | 'bearer'
  readonly insecure: boolean
  readonly corsOrigin: readonly string[]
  /** How long an answer to `GET /v1/streams/{id}` lasts before its client is sent to come back, ± 10 %. */
  readonly rotateAfterMs: number | false
  readonly drainMs: number
  readonly log: LogLevel
  readonly help: boolean
  readonly version: boolean
}

/** What holds when nothing is said. */
export const DEFAULT_GATEWAY_OPTIONS: GatewayOptions = {
  port: 8080,
  host: '127.0.0.1',
  grpcPort: undefined,
  upstream: undefined,
  upstreamKey: undefined,
  redis: undefined,
  onDisconnect: undefined,
  auth: 'none',
  insecure: false,
  corsOrigin: [],
  rotateAfterMs: DEFAULT_READER_OPTIONS.rotateAfterMs,
  drainMs: 25_000,
  log: 'info',
  help: false,
  version: false,
}

/** One option: how it is spelled, what it may be, what it is for. */
export interface OptionRow<Value = unknown> {
  readonly flag: string
  readonly short?: string
  readonly variable?: string
  /** What stands for the value in the help; a switch has none. */
  readonly value?: string
  /** May be given several times, or as a list with commas. */
  readonly many?: true
  /** Never shown in a message. */
  readonly secret?: true
  /** What a value must be, after "must be". */
  readonly rule: string
  readonly example: string
  readonly help: string
  /** The value `text` stands for; nothing when it breaks the rule. */
  parse(text: string): Value | undefined
}

const MAX_GRACE_MS = 86_400_000
const MIN_ROTATE_MS = 1_000
const MAX_ROTATE_MS = 3_600_000
const MAX_DRAIN_MS = 3_600_000

/** Every option, in the order of the help. Flags, variables, validation and help all come from here. */
export const OPTION_TABLE: { readonly [Name in keyof GatewayOptions]: OptionRow<GatewayOptions[Name]> } = {
  port: {
    flag: '--port',
    variable: 'PORT',
    value: '<number>',
    rule: 'a whole number from 0 to 65535, where 0 takes any free port',
    example: '8080',
    help: 'Port to listen on; 0 takes any free one',
    parse: (text) => parseWholeNumber(text, 65_535),
  },
  host: {
    flag: '--host',
    variable: 'HOST',
    value: '<address>',
    rule: 'an address or host name without scheme and port',
    example: '127.0.0.1',
    help: 'Address to listen on; others than loopback need --auth bearer or --insecure',
    parse: parseHost,
  },
  grpcPort: {
    flag: '--grpc-port',
    variable: 'SLUICE_GRPC_PORT',
    value: '<number>',
    rule: 'a whole number from 0 to 65535, where 0 takes any free port',
    example: '50051',
    help: 'Port for gRPC without TLS; without it gRPC is off, while Connect and gRPC-Web are on the main port',
    parse: (text) => parseWholeNumber(text, 65_535),
  },
  upstream: {
    flag: '--upstream',
    variable: 'SLUICE_UPSTREAM',
    value: '<url>',
    rule: 'an http or https URL without user, password, query and fragment',
    example: 'http://127.0.0.1:8000/v1',
    help: 'Base URL of an OpenAI-compatible backend; without it a demo runner answers',
    parse: parseBaseUrl,
  },
  upstreamKey: {
    flag: '--upstream-key',
    variable: 'SLUICE_UPSTREAM_KEY',
    value: '<key>',
    secret: true,
    rule: 'printable ASCII without spaces, as it goes into a header',
    example: 'sk-...',
    help: 'API key for the backend; other users of this machine can read flags, so prefer the variable',
    parse: (text) => (/^[\x21-\x7e]+$/.test(text) ? text : undefined),
  },
  redis: {
    flag: '--redis',
    variable: 'SLUICE_REDIS_URL',
    value: '<url>',
    rule: 'a redis or rediss URL',
    example: 'redis://127.0.0.1:6379/0',
    help: 'Redis that keeps streams; without it they live in memory',
    parse: parseRedisUrl,
  },
  onDisconnect: {
    flag: '--on-disconnect',
    variable: 'SLUICE_ON_DISCONNECT',
    value: 'cancel|continue|<ms>',
    rule: `"cancel", "continue" or milliseconds of grace from 0 to ${MAX_GRACE_MS}`,
    example: '15000',
    help: "What becomes of an answer when its last reader has gone: stop it, go on, or wait this long for a reader; left out, it waits 15000, and stops on OpenAI's route, whose clients do not come back",
    parse(text) {
      if (text === 'cancel' || text === 'continue') return text
      const graceMs = parseWholeNumber(text, MAX_GRACE_MS)
      return graceMs === undefined ? undefined : { graceMs }
    },
  },
  auth: {
    flag: '--auth',
    variable: 'SLUICE_AUTH',
    value: 'none|bearer',
    rule: '"none" or "bearer"',
    example: 'bearer',
    help: 'Who owns a stream: everyone alike, or whoever holds the API key that started it',
    parse: (text) => oneOf(['none', 'bearer'], text),
  },
  insecure: {
    flag: '--insecure',
    variable: 'SLUICE_INSECURE',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Allow --auth none on an address that others can reach',
    parse: parseSwitch,
  },
  corsOrigin: {
    flag: '--cors-origin',
    variable: 'SLUICE_CORS_ORIGIN',
    value: '<origin>',
    many: true,
    rule: 'origins (scheme, host and port, no path) or "*", with commas between them',
    example: 'https://chat.example.com',
    help: 'Web pages that may use the gateway; repeat it, or separate several by commas',
    parse: parseOrigins,
  },
  rotateAfterMs: {
    flag: '--rotate-after-ms',
    variable: 'SLUICE_ROTATE_AFTER_MS',
    value: '<ms>|off',
    rule: `a whole number of milliseconds from ${MIN_ROTATE_MS} to ${MAX_ROTATE_MS}, or "off"`,
    example: '50000',
    help: 'How long an EventSource is served before it is sent to come back, so that one that has vanished is noticed',
    parse(text) {
      if (text === 'off') return false
      const rotateAfterMs = parseWholeNumber(text, MAX_ROTATE_MS)
      return rotateAfterMs === undefined || rotateAfterMs < MIN_ROTATE_MS ? undefined : rotateAfterMs
    },
  },
  drainMs: {
    flag: '--drain-ms',
    variable: 'SLUICE_DRAIN_MS',
    value: '<ms>',
    rule: `a whole number of milliseconds from 0 to ${MAX_DRAIN_MS}`,
    example: '25000',
    help: 'How long running answers may go on after SIGTERM',
    parse: (text) => parseWholeNumber(text, MAX_DRAIN_MS),
  },
  log: {
    flag: '--log',
    variable: 'SLUICE_LOG',
    value: 'quiet|info|debug',
    rule: '"quiet", "info" or "debug"',
    example: 'info',
    help: 'How much to print',
    parse: (text) => oneOf(['quiet', 'info', 'debug'], text),
  },
  help: {
    flag: '--help',
    short: '-h',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Print this text',
    parse: parseSwitch,
  },
  version: {
    flag: '--version',
    short: '-v',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Print the version',
    parse: parseSwitch,
  },
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word | undefined {
  return words.find((word) => word === text)
}

function parseSwitch(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}
