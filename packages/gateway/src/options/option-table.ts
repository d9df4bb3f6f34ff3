import { type GatewayOptions, type LogFormat, type LogLevel } from './gateway-options.ts'
import { JOB_ROWS } from './job-rows.ts'
import { LIMIT_ROWS } from './limit-rows.ts'
import { duration, oneOf, type OptionRows, parseSwitch } from './option-row.ts'
import { parseBaseUrl, parseHost, parseHosts, parseOrigins, parseWholeNumber } from './option-values.ts'
import { PAGE_ROWS } from './page-rows.ts'
import { REDIS_ROWS } from './redis-rows.ts'

export { DEFAULT_GATEWAY_OPTIONS } from './gateway-options.ts'
export type { GatewayLimits, GatewayOptions, LogFormat, LogLevel, OnDisconnect } from './gateway-options.ts'
export type { OptionRow } from './option-row.ts'

const MAX_GRACE_MS = 86_400_000
const MIN_ROTATE_MS = 1_000
const MAX_ROTATE_MS = 3_600_000
const MAX_DRAIN_MS = 3_600_000

/** Every option, in the order of the help. Flags, variables, validation and help all come from here. */
export const OPTION_TABLE: OptionRows<GatewayOptions> = {
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
  data: {
    flag: '--data',
    variable: 'SLUICE_DATA',
    value: '<dir>',
    rule: 'the path of a directory that this process may write, or may make',
    example: './data',
    help: 'Directory that keeps streams over restarts, for one gateway; needs Node 22.13. Without it and --redis they live in memory',
    parse: (text) => (text === '' ? undefined : text),
  },
  ...REDIS_ROWS,
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
    rule: 'origins (scheme, host and port, no path, such as https://chat.example.com or app://obsidian.md) or "*", with commas between them',
    example: 'https://chat.example.com',
    help: 'Web pages that may use the gateway; repeat it, or separate several by commas',
    parse: parseOrigins,
  },
  allowedHost: {
    flag: '--allowed-host',
    variable: 'SLUICE_ALLOWED_HOST',
    value: '<name>',
    many: true,
    rule: 'host names without scheme and port, or "*", with commas between them',
    example: 'chat.example.com',
    help: 'Names, beside localhost and addresses, that requests may call a gateway on loopback: those that a proxy before it keeps in Host; hosts of --cors-origin may, too',
    parse: parseHosts,
  },
  ticketSecret: {
    flag: '--ticket-secret',
    variable: 'SLUICE_TICKET_SECRET',
    value: '<secret>',
    secret: true,
    rule: '32 characters or more',
    example: 'thirty-two-characters-at-the-least',
    help: 'What tickets are signed with, the same for all gateways that take them; left out, gateways on one Redis agree on one. Prefer the variable',
    parse: (text) => (Buffer.byteLength(text) >= 32 ? text : undefined),
  },
  publicPrefix: {
    flag: '--public-prefix',
    variable: 'SLUICE_PUBLIC_PREFIX',
    value: '<path>',
    rule: 'a path such as /sluice, without a slash at its end',
    example: '/sluice',
    help: 'Path that a proxy in front strips, for Location and Content-Location; left out, what it says in X-Forwarded-Prefix',
    parse: (text) => (/^(?:\/[\w~-][\w.~-]*)+$/.test(text) ? text : undefined),
  },
  ...PAGE_ROWS,
  rotateAfterMs: {
    flag: '--rotate-after-ms',
    variable: 'SLUICE_ROTATE_AFTER_MS',
    value: '<ms>|off',
    rule: `a whole number of milliseconds from ${MIN_ROTATE_MS} to ${MAX_ROTATE_MS}, or "off"`,
    example: '50000',
    help: 'How long an EventSource is served before it is asked to reconnect, so that one that has vanished is noticed',
    parse(text) {
      if (text === 'off') return false
      const rotateAfterMs = parseWholeNumber(text, MAX_ROTATE_MS)
      return rotateAfterMs === undefined || rotateAfterMs < MIN_ROTATE_MS ? undefined : rotateAfterMs
    },
  },
  drainMs: duration({
    flag: '--drain-ms',
    min: 0,
    max: MAX_DRAIN_MS,
    example: 25_000,
    help: 'How long running answers may go on after SIGTERM',
  }),
  log: {
    flag: '--log',
    variable: 'SLUICE_LOG',
    value: 'quiet|info|debug',
    rule: '"quiet", "info" or "debug"',
    example: 'info',
    help: 'How much to print',
    parse: (text) => oneOf<LogLevel>(['quiet', 'info', 'debug'], text),
  },
  logFormat: {
    flag: '--log-format',
    variable: 'SLUICE_LOG_FORMAT',
    value: 'text|json',
    rule: '"text" or "json"',
    example: 'json',
    help: 'How a line of the log is written',
    parse: (text) => oneOf<LogFormat>(['text', 'json'], text),
  },
  record: {
    flag: '--record',
    variable: 'SLUICE_RECORD_FILE',
    value: '<file>',
    rule: 'the path of a file that can be written',
    example: 'traces.jsonl',
    help: 'File that is given a line for each answer: when each token came and how long it was, no text. The simulator of the bench reads it',
    parse: (text) => (text === '' ? undefined : text),
  },
  ...JOB_ROWS,
  ...LIMIT_ROWS,
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
