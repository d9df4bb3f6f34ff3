import type { LogFormat, LogLevel } from '../options/gateway-options.ts'

/** Facts beside a line's message. */
export interface LogFields {
  readonly [name: string]: string | number | boolean | undefined
}

/** How grave a line is. */
export type LineLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where the gateway tells its operator what happens: one line each. */
export type Log = { readonly [Level in LineLevel]: (message: string, fields?: LogFields) => void }

const RANKS: Readonly<Record<LineLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const LOWEST: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, quiet: 4 }
/** What stands in a line is for people to read: a backend's whole page is not. */
const MAX_FIELD_CHARS = 500

/** What a log is made of. */
export interface LogParts {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly write: (line: string) => void
  readonly now?: (() => Date) | undefined
}

/** Makes a log of lines, as text or as JSON. */
export function createLog({ level, format, write, now = () => new Date() }: LogParts): Log {
  const toLine = format === 'json' ? toJsonLine : toTextLine
  const at =
    (line: LineLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (RANKS[line] < LOWEST[level]) return
      write(`${toLine({ time: now().toISOString(), level: line, message: clip(message) }, fields)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

interface Line {
  readonly time: string
  readonly level: LineLevel
  readonly message: string
}

function toJsonLine(line: Line, fields: LogFields): string {
  const clipped = Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? clip(value) : value])
  return JSON.stringify({ ...line, ...Object.fromEntries(clipped) })
}

function toTextLine({ time, level, message }: Line, fields: LogFields): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  const facts = given.map(([name, value]) => ` ${name}=${toWord(value!)}`)
  return `${time} ${level.padEnd(5)} ${inOneLine(message)}${facts.join('')}`
}

function toWord(value: string | number | boolean): string {
  const text = clip(String(value))
  return /^[\w.:/+@%,()[\]{}~*!?$&;#-]+$/.test(text) ? text : JSON.stringify(text)
}

function clip(text: string): string {
  return text.length <= MAX_FIELD_CHARS ? text : `${text.slice(0, MAX_FIELD_CHARS)}…`
}

/** A line of its own is what nobody but us may begin: what clients and backends say is in there. */
function inOneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (unit) => JSON.stringify(unit).slice(1, -1))
}
