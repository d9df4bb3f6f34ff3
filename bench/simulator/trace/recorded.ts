import type { Trace } from '@sluice/simulator'
import { readFileSync } from 'node:fs'

/**
 * The streams of a file in which each line is one: `{"atMs":[0,25.1,…],"chars":[4,3,…]}`, as the gateway's `--record` writes
 * them. Times are milliseconds since the stream began.
 */
export function readTraces(file: string): Trace[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const traces = lines.flatMap((line, index) => (line.trim() === '' ? [] : [traceOf(line, `${file}:${index + 1}`)]))
  if (traces.length === 0) throw new Error(`${file} has no stream: each line is one, {"atMs":[…],"chars":[…]}.`)
  return traces
}

function traceOf(line: string, where: string): Trace {
  let parsed: { atMs?: unknown; chars?: unknown }
  try {
    parsed = JSON.parse(line) as typeof parsed
  } catch {
    throw new Error(`${where} is no JSON: each line is one stream, {"atMs":[…],"chars":[…]}.`)
  }
  const { atMs, chars } = parsed
  if (!isNumbers(atMs) || !isNumbers(chars) || atMs.length !== chars.length || atMs.length < 2) {
    throw new Error(`${where}: "atMs" and "chars" must be lists of numbers, of one length, from 2 tokens on.`)
  }
  const sinks = atMs.findIndex((time, token) => token > 0 && time < atMs[token - 1]!)
  if (sinks !== -1) throw new Error(`${where}: token ${sinks} is earlier than the one before it.`)
  const odd = chars.findIndex((count) => !Number.isInteger(count) || count < 1 || count > 65_535)
  if (odd !== -1)
    throw new Error(`${where}: token ${odd} has ${chars[odd]} characters; a whole number from 1 on is wanted.`)
  return { name: 'recorded', atMs: Float64Array.from(atMs), chars: Uint16Array.from(chars) }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item))
}
