import { DEFAULT_STREAM_OPTIONS, SluiceError } from '@sluice/core'
import { helpLines } from './help-lines.ts'
import { nearestName } from './nearest-name.ts'
import { DEFAULT_GATEWAY_OPTIONS, type GatewayOptions } from './gateway-options.ts'
import type { OptionRow } from './option-row.ts'
import { OPTION_TABLE } from './option-table.ts'
import { isLoopback } from './option-values.ts'
import { show } from './shown-value.ts'

/** Where a value came from, as it is spelled there, and the value's text. */
interface Given {
  readonly spelling: string
  readonly text: string
}

type OptionName = keyof GatewayOptions
const ROWS = Object.entries(OPTION_TABLE) as readonly [OptionName, OptionRow][]

/**
 * Reads the command line and the environment; a flag wins over its variable, and an empty variable counts as unset.
 *
 * @param argv - arguments without the program's own name; a bare `--` at the start is skipped
 * @throws SluiceError `SLUICE_ERR_OPTION`, naming flag and variable, the value, the rule and the way out
 *
 * @example
 * ```ts
 * const options = parseGatewayOptions(process.argv.slice(2), process.env)
 * ```
 */
export function parseGatewayOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): GatewayOptions {
  const start = argv.findIndex((word) => word !== '--')
  const words = start < 0 ? [] : argv.slice(start)
  // Whoever asks for help has to get it, whatever else is wrong.
  if (asksFor('help', words)) return { ...DEFAULT_GATEWAY_OPTIONS, help: true }
  if (asksFor('version', words)) return { ...DEFAULT_GATEWAY_OPTIONS, version: true }
  const flags = readFlags(words)
  const resolved = ROWS.map(([name, row]) => {
    const given = flags.get(name) ?? readVariable(row, env)
    return [name, given ? parseValue(row, given) : DEFAULT_GATEWAY_OPTIONS[name]] as const
  })
  // The table's own type says that every row parses to its option's type.
  const options = Object.fromEntries(resolved) as unknown as GatewayOptions
  refuseOpenDoor(options)
  refuseShortRetention(options)
  refuseTwoStores(options)
  refuseIdleTls(options)
  return options
}

function asksFor(name: 'help' | 'version', words: readonly string[]): boolean {
  const { flag, short } = OPTION_TABLE[name]
  return words.some((word) => word === flag || word === short)
}

function readFlags(words: readonly string[]): Map<OptionName, Given> {
  const flags = new Map<OptionName, Given>()
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const equals = word.indexOf('=')
    const spelling = equals < 0 ? word : word.slice(0, equals)
    const [name, row] = findRow(spelling)
    let text = equals < 0 ? undefined : word.slice(equals + 1)
    if (text === undefined && row.value === undefined) text = 'true'
    if (text === undefined) text = takeValue(row, words[++index])
    const before = row.many ? flags.get(name) : undefined
    flags.set(name, { spelling, text: before ? `${before.text},${text}` : text })
  }
  return flags
}

function findRow(spelling: string): readonly [OptionName, OptionRow] {
  const found = ROWS.find(([, row]) => row.flag === spelling || row.short === spelling)
  if (found) return found
  if (!spelling.startsWith('-')) {
    throw invalid(`${show(spelling)} is no option. Options begin with "--", such as --port 8080; --help lists them.`)
  }
  const nearest = nearestName(
    spelling,
    ROWS.map(([, row]) => row.flag),
  )
  const advice = nearest ? `Did you mean ${nearest}?` : 'See --help for all there are.'
  throw invalid(`There is no option ${show(spelling)}. ${advice}`)
}

function takeValue(row: OptionRow, next: string | undefined): string {
  if (next !== undefined && !next.startsWith('--')) return next
  throw invalid(`${nameOf(row)} has no value; it must be ${row.rule}. ${adviceOf(row)}`)
}

function readVariable({ variable }: OptionRow, env: Readonly<Record<string, string | undefined>>): Given | undefined {
  const text = variable === undefined ? undefined : env[variable]
  if (variable === undefined || text === undefined || text.trim() === '') return undefined
  return isServiceLink(variable, text) ? undefined : { spelling: variable, text }
}

/** Kubernetes puts `<SERVICE>_PORT=tcp://address:port` in every container, for each service: nobody meant it for us. */
function isServiceLink(variable: string, text: string): boolean {
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//i.test(text.trim())
}

function parseValue(row: OptionRow, { spelling, text }: Given): unknown {
  const value = row.parse(text.trim())
  if (value !== undefined) return value
  const shown = row.secret ? 'not usable (it is not shown here)' : show(text)
  throw invalid(`${nameOf(row)} is ${shown}, given as ${spelling}; it must be ${row.rule}. ${adviceOf(row)}`)
}

/** With `none`, everybody who reaches the gateway reads everybody's streams and spends the backend's key. */
function refuseOpenDoor({ auth, host, insecure }: GatewayOptions): void {
  if (auth !== 'none' || insecure || isLoopback(host)) return
  throw invalid(
    `${nameOf(OPTION_TABLE.auth)} is "none" while ${nameOf(OPTION_TABLE.host)} is ${show(host)}: anyone who reaches ` +
      `that address could read and cancel every stream. Use --auth bearer, or --host 127.0.0.1, or, where something ` +
      `else guards the door, ${nameOf(OPTION_TABLE.insecure)}.`,
  )
}

/** The room that core wants beside the window: one event of the largest size. */
const MAX_EVENT_BYTES = DEFAULT_STREAM_OPTIONS.maxEventBytes

function refuseShortRetention({ retentionBytes, windowBytes }: GatewayOptions): void {
  if (retentionBytes >= windowBytes + MAX_EVENT_BYTES) return
  throw invalid(
    `${nameOf(OPTION_TABLE.retentionBytes)} is ${retentionBytes} while ${nameOf(OPTION_TABLE.windowBytes)} is ` +
      `${windowBytes}: the only reader would lose its place. It must be at least ${MAX_EVENT_BYTES} more.`,
  )
}

/** Streams are kept in one place. */
function refuseTwoStores({ data, redis }: GatewayOptions): void {
  if (data === undefined || redis === undefined) return
  const names = [OPTION_TABLE.data, OPTION_TABLE.redis].map(nameOf)
  throw invalid(
    `${names.join(' and ')} are both given: streams are kept in one place. Leave out ${OPTION_TABLE.data.flag} where several gateways share them, or ${OPTION_TABLE.redis.flag} where there is one.`,
  )
}

/** A certificate that nobody is shown guards nothing. */
function refuseIdleTls({ redis, redisCa, redisCert, redisKey, redisServerName }: GatewayOptions): void {
  const given = Object.entries({ redisCa, redisCert, redisKey, redisServerName }).find(
    ([, value]) => value !== undefined,
  )
  if (given && !redis?.startsWith('rediss')) {
    const { redis: url } = OPTION_TABLE
    throw invalid(
      `${nameOf(OPTION_TABLE[given[0] as OptionName])} is for TLS, and ${nameOf(url)} does not begin with rediss. Write rediss there, or leave it out.`,
    )
  }
  if ((redisCert === undefined) === (redisKey === undefined)) return
  const [there, missing] =
    redisCert === undefined ? (['redisKey', 'redisCert'] as const) : (['redisCert', 'redisKey'] as const)
  throw invalid(
    `${nameOf(OPTION_TABLE[there])} is given without ${nameOf(OPTION_TABLE[missing])}: a client certificate needs both.`,
  )
}

function nameOf({ flag, variable }: OptionRow): string {
  return variable === undefined ? flag : `${flag} (${variable})`
}

function adviceOf({ flag, value, variable, example }: OptionRow): string {
  const setting = variable === undefined ? '' : ` or ${variable}=${example}`
  return `Write ${value === undefined ? flag : `${flag} ${example}`}${setting}, or leave it out.`
}

function invalid(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_OPTION', message)
}

/** What `--help` prints. */
export function helpText(): string {
  return [
    'Usage: sluice-gateway [options]',
    '       sluice-gateway batch <in.jsonl> <out.jsonl> --upstream <url> (batch --help tells more)',
    '',
    'Puts resumable token streams in front of an OpenAI-compatible backend.',
    'Every option is also an environment variable, named beside it; the flag wins.',
    '',
    ...helpLines(OPTION_TABLE, DEFAULT_GATEWAY_OPTIONS),
    '',
  ].join('\n')
}
