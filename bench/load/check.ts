import { readFileSync } from 'node:fs'

import { FAT_TOKEN_BYTES, fatTextOf, textOf, TOKEN_CHARS } from '../traffic/fixtures.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import { isSlow } from '../traffic/slow-readers.ts'
import type { ReceivedStream } from './received.ts'

/** What the streams should have said. */
export interface CheckInput {
  tokens: number
  /** Tokens of 4 KiB. */
  fat?: boolean | undefined
  /** Where the server wrote when each token was yielded. */
  timesPath?: string | undefined
  /**
   * Some readers are slow. `whole`: they have read all, as the others did. `begun`: they are not through, and theirs are tokens
   * of 4 KiB.
   */
  slow?: 'whole' | 'begun' | undefined
}

/** Whether they did. */
export interface Checked {
  /** Streams that were not answered exactly. */
  wrong: number
  firstWrong: string | undefined
  events: number
  /** From a token's yield to the read that completed its event, in microseconds. Where some readers are slow: of the others. */
  delay: Percentiles
  slowDelay: Percentiles
}

/** Compares every response with what its stream said, and every token's arrival with its yield. */
export function checkAll<Connection extends { readonly request: { readonly stream: number } }>(
  connections: readonly Connection[],
  { tokens, fat, timesPath, slow }: CheckInput,
  read: (connection: Connection) => ReceivedStream,
): Checked {
  const yieldedUs = timesPath === undefined ? undefined : readTimes(timesPath)
  const delays: [fast: Float64Array[], slow: Float64Array[]] = [[], []]
  let wrong = 0
  let firstWrong: string | undefined
  let events = 0
  for (const connection of connections) {
    const { stream } = connection.request
    const heard = read(connection)
    events += heard.events
    const lags = slow !== undefined && isSlow(stream)
    const isBegun = lags && slow === 'begun'
    const fault = isBegun ? faultOfBegun(heard, stream) : faultOf(heard, (fat ? fatTextOf : textOf)(stream, tokens))
    if (fault !== undefined) {
      wrong++
      firstWrong ??= `stream ${stream}: ${fault}`
    } else if (yieldedUs && !isBegun) {
      const own = new Float64Array(tokens)
      noteDelays(heard, yieldedUs.subarray(stream * tokens), own)
      delays[lags ? 1 : 0].push(own)
    }
  }
  const [delay, slowDelay] = delays.map((some) => percentiles(joined(some)))
  return { wrong, firstWrong, events, delay: delay!, slowDelay: slowDelay! }
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** What is wrong with an answer; nothing when it is exact. */
export function faultOf({ status, text, complete }: ReceivedStream, expected: string): string | undefined {
  if (status !== 200) return `status ${status}`
  if (text !== expected) {
    let at = 0
    while (text[at] === expected[at]) at++
    return `text of ${text.length} characters instead of ${expected.length}, other from ${at} on`
  }
  return complete ? undefined : 'no complete end'
}

/** What is wrong with an answer of 4 KiB tokens that goes on; nothing when it is exact as far as it has come. */
export function faultOfBegun({ text }: Pick<ReceivedStream, 'text'>, stream: number): string | undefined {
  if (text === '') return 'no text'
  const expected = fatTextOf(stream, Math.ceil(text.length / FAT_TOKEN_BYTES))
  return expected.startsWith(text) ? undefined : `text of ${text.length} characters that is another`
}

/** Writes how long each token was under way into `delays`. */
export function noteDelays(
  { arrivals }: Pick<ReceivedStream, 'arrivals'>,
  yieldedUs: Float64Array,
  delays: Float64Array,
): void {
  let token = 0
  for (const { textLength, atUs } of arrivals) {
    for (; token < textLength / TOKEN_CHARS; token++) delays[token] = atUs - yieldedUs[token]!
  }
}

/** When each token was yielded, as the producing process wrote it. */
export function readTimes(path: string): Float64Array {
  const bytes = readFileSync(path)
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}
