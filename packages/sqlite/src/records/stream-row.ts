import type { EndEvent, StreamTiming, Usage } from '@sluice/core'
import { isEndEvent, type Keeping, Log, type StoredStream, type StreamFacts } from '@sluice/core/extend'

import type { Row } from '../file/database.ts'
import { damaged } from '../file/store-error.ts'
import { type Head, headOf } from './head.ts'
import { fromJson } from './stored-json.ts'

/** A stream as the file has it. */
export interface StreamRow {
  /** A short name of it, within the file. */
  readonly number: number
  readonly facts: StreamFacts
  readonly keeping: Keeping
  readonly timing: StreamTiming
  readonly epoch: number
  /** Position of the last event in its segments. */
  readonly seq: number
  readonly firstSeq: number
  /** Pieces of text up to `seq`. */
  readonly tokens: number
  readonly usage: Usage | undefined
  readonly head: Head | undefined
  readonly end: EndEvent | undefined
  readonly expiresAtMs: number | undefined
}

const WHAT = 'The record of a stream'

/** @throws SluiceError `SLUICE_ERR_STORE` */
export function streamIn(row: Row): StreamRow {
  const end = row.ending === null ? undefined : fromJson<unknown>(row.ending, WHAT)
  if (end !== undefined && !isEndEvent(end)) throw damaged(WHAT)
  return {
    number: numberIn(row.number),
    facts: fromJson(row.facts, WHAT),
    keeping: fromJson(row.keeping, WHAT),
    timing: fromJson(row.timing, WHAT),
    epoch: numberIn(row.epoch),
    seq: numberIn(row.seq),
    firstSeq: numberIn(row.first_seq),
    tokens: numberIn(row.tokens),
    usage: row.usage === null ? undefined : fromJson(row.usage, WHAT),
    head: headOf(row.head),
    end,
    expiresAtMs: row.expires_at === null ? undefined : numberIn(row.expires_at),
  }
}

export function numberIn(value: unknown): number {
  if (typeof value === 'number') return value
  throw damaged(WHAT)
}

/** Facts and positions, no events: for callers that need to know that it is there, and how far it is. */
export function streamWithoutEvents({ facts, keeping, timing, epoch, seq, usage, end }: StreamRow): StoredStream {
  const log = new Log(facts.id, epoch, { retentionBytes: keeping.retentionBytes, from: { seq, epoch, usage, end } })
  return { facts, log, timing: { ...timing } }
}
