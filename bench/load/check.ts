import { readFileSync } from 'node:fs'

import { fatTextOf, textOf, TOKEN_CHARS } from '../traffic/fixtures.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import type { ReceivedStream } from './received.ts'

/** What the streams should have said. */
export interface CheckInput {
  tokens: number
  /** Tokens of 4 KiB. */
  fat?: boolean | undefined
  /** Where the server wrote when each token was yielded. */
  timesPath?: string | undefined
}

/** Whether they did. */
export interface Checked {
  /** Streams that were not answered exactly. */
  wrong: number
  firstWrong: string | undefined
  events: number
  /** From a token's yield to the read that completed its event, in microseconds. */
  delay: Percentiles
}

/** Compares every response with what its stream said, and every token's arrival with its yield. */
export function checkAll<Connection extends { readonly request: { readonly stream: number } }>(
  connections: readonly Connection[],
  { tokens, fat, timesPath }: CheckInput,
  read: (connection: Connection) => ReceivedStream,
): Checked {
  const yieldedUs = timesPath === undefined ? undefined : readTimes(timesPath)
  const delays = new Float64Array(yieldedUs?.length ?? 0)
  let wrong = 0
  let firstWrong: string | undefined
  let events = 0
  for (const connection of connections) {
    const { stream } = connection.request
    const heard = read(connection)
    events += heard.events
    const fault = faultOf(heard, (fat ? fatTextOf : textOf)(stream, tokens))
    if (fault !== undefined) {
      wrong++
      firstWrong ??= `stream ${stream}: ${fault}`
    } else if (yieldedUs) noteDelays(heard, yieldedUs.subarray(stream * tokens), delays.subarray(stream * tokens))
  }
  return { wrong, firstWrong, events, delay: percentiles(delays) }
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
