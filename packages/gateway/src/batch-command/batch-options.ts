import { SluiceError } from '@sluice/core'

import { helpLines } from '../options/help-lines.ts'
import { nearestName } from '../options/nearest-name.ts'
import { count, duration, oneOf, type OptionRow, type OptionRows } from '../options/option-row.ts'
import { parseBaseUrl } from '../options/option-values.ts'
import { show } from '../options/shown-value.ts'

/** How the command `batch` runs. */
export interface BatchOptions {
  readonly input: string
  readonly output: string
  readonly flags: BatchFlags
}

/** What its flags say. */
export interface BatchFlags {
  readonly upstream: string | undefined
  readonly key: string | undefined
  readonly concurrency: number
  readonly format: 'openai' | 'vllm'
  readonly errors: string | undefined
  readonly ordered: boolean
  readonly retryFailed: boolean
  readonly attempts: number
  readonly timeoutMs: number
}

const DEFAULTS: BatchFlags = {
  upstream: undefined,
  key: undefined,
  concurrency: 64,
  format: 'openai',
  errors: undefined,
  ordered: false,
  retryFailed: false,
  attempts: 8,
  timeoutMs: 600_000,
}

const switchRow = (flag: string, help: string): OptionRow<boolean> => ({
  flag,
  rule: 'given without a value',
  example: '',
  help,
  parse: (text) => (text === 'true' ? true : undefined),
})

const TABLE: OptionRows<BatchFlags> = {
  upstream: {
    flag: '--upstream',
    variable: 'SLUICE_UPSTREAM',
    value: '<url>',
    rule: 'an http or https URL without user, password, query and fragment',
    example: 'http://127.0.0.1:8000/v1',
    help: 'Base URL of the backend; required',
    parse: parseBaseUrl,
  },
  key: {
    flag: '--key',
    variable: 'SLUICE_UPSTREAM_KEY',
    value: '<key>',
    secret: true,
    rule: 'printable ASCII without spaces, as it goes into a header',
    example: 'sk-...',
    help: 'API key for the backend; other users of this machine can read flags, so prefer the variable',
    parse: (text) => (/^[\x21-\x7e]+$/.test(text) ? text : undefined),
  },
  concurrency: {
    ...count({
      flag: '--concurrency',
      min: 1,
      max: 10_000,
      example: DEFAULTS.concurrency,
      help: 'Requests at a time, at most; fewer while the backend has too many',
    }),
    variable: 'SLUICE_BATCH_CONCURRENCY',
  },
  format: {
    flag: '--format',
    value: 'openai|vllm',
    rule: '"openai" or "vllm"',
    example: 'vllm',
    help: 'Form of the lines that are written: vllm has all of them in one file, in the order of the input',
    parse: (text) => oneOf(['openai', 'vllm'], text),
  },
  errors: {
    flag: '--errors',
    value: '<file>',
    rule: 'the path of a file',
    example: 'errors.jsonl',
    help: 'Where lines go that failed; left out, beside the output: out.errors.jsonl. Not with --format vllm',
    parse: (text) => (text === '' ? undefined : text),
  },
  ordered: switchRow('--ordered', 'In the end, put the lines that were written in the order of the input'),
  retryFailed: switchRow('--retry-failed', 'Do lines again that failed in an earlier run'),
  attempts: {
    ...count({
      flag: '--attempts',
      min: 1,
      max: 100,
      example: DEFAULTS.attempts,
      help: 'How often a line is sent before it has failed, where another attempt may help',
    }),
    variable: 'SLUICE_BATCH_ATTEMPTS',
  },
  timeoutMs: {
    ...duration({
      flag: '--timeout-ms',
      min: 1,
      max: 86_400_000,
      example: DEFAULTS.timeoutMs,
      help: 'How long an answer may take, to its last byte',
    }),
    variable: 'SLUICE_BATCH_TIMEOUT_MS',
  },
}

type FlagName = keyof BatchFlags
const ROWS = Object.entries(TABLE) as readonly [FlagName, OptionRow][]

/**
 * Reads the command line behind `batch`, and the environment; a flag wins over its variable. `undefined`: help was asked for.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, naming what is wrong and the way out
 */
export function parseBatchOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BatchOptions | undefined {
  if (argv.some((word) => word === '--help' || word === '-h')) return undefined
  const files: string[] = []
  const given = new Map<FlagName, unknown>()
  for (const [name, row] of ROWS) {
    const text = row.variable === undefined ? undefined : env[row.variable]
    if (text !== undefined && text.trim() !== '') given.set(name, parseValue(row, text, row.variable!))
  }
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!
    if (!word.startsWith('-')) {
      files.push(word)
      continue
    }
    const [spelling, ...rest] = word.split('=')
    const found = ROWS.find(([, row]) => row.flag === spelling)
    if (!found) throw unknown(spelling!)
    const [name, row] = found
    const isGiven = rest.length > 0
    const text = isGiven ? rest.join('=') : row.value === undefined ? 'true' : argv[++index]
    if (text === undefined || (!isGiven && row.value !== undefined && text.startsWith('--')))
      throw invalid(`${row.flag} has no value; it must be ${row.rule}. Write ${row.flag} ${row.example}.`)
    given.set(name, parseValue(row, text, row.flag))
  }
  const [input, output, ...more] = files
  if (input === undefined || output === undefined || more.length > 0)
    throw invalid(
      `The command batch takes two files and has ${files.length}. Write: batch in.jsonl out.jsonl --upstream http://127.0.0.1:8000/v1`,
    )
  const flags = { ...DEFAULTS, ...(Object.fromEntries(given) as Partial<BatchFlags>) }
  if (flags.upstream === undefined)
    throw invalid(
      '--upstream (SLUICE_UPSTREAM) is missing. Write --upstream http://127.0.0.1:8000/v1, or where your backend is.',
    )
  if (flags.format === 'vllm' && flags.errors !== undefined)
    throw invalid('--errors is given with --format vllm, which has all lines in one file. Leave one of the two out.')
  return { input, output, flags }
}

function parseValue(row: OptionRow, text: string, spelling: string): unknown {
  const value = row.parse(text.trim())
  if (value !== undefined) return value
  const shown = row.secret ? 'not usable (it is not shown here)' : show(text)
  throw invalid(
    `${spelling} is ${shown}; it must be ${row.rule}. Write ${`${row.flag} ${row.example}`.trim()}, or leave it out.`,
  )
}

function unknown(spelling: string): SluiceError {
  const nearest = nearestName(
    spelling,
    ROWS.map(([, { flag }]) => flag),
  )
  const advice = nearest ? `Did you mean ${nearest}?` : 'See batch --help for all there are.'
  return invalid(`The command batch has no option ${show(spelling)}. ${advice}`)
}

function invalid(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_OPTION', message)
}

/** What `batch --help` prints. */
export function batchHelp(): string {
  return [
    'Usage: sluice-gateway batch <in.jsonl> <out.jsonl> --upstream <url> [options]',
    '',
    'Sends each line of a batch file (of OpenAI, of vLLM) to a backend, and writes what is answered. Run it again after Ctrl-C or a',
    'crash: what is in the output is not done again.',
    '',
    ...helpLines(TABLE, DEFAULTS),
    '',
    'It ends with 0 when all lines were done, 1 when some failed or the backend could not be reached, 2 when the command or the input',
    'is wrong, 130 on Ctrl-C.',
    '',
  ].join('\n')
}
