import { type EndEvent, isTextual, type Usage } from '@sluice/core'
import { eventBytes, isStreamEvent, type Logged } from '@sluice/core/extend'

import { foreign } from './foreign.ts'
import { foldOf } from './head-codec.ts'
import { parseStored, requireSame, toStoredJson } from './stored-json.ts'
import { isCount } from './stored-number.ts'

/** A run of events as one entry of a stream's log contains it. */
export interface Chunk {
  epoch: number
  firstSeq: number
  events: readonly Logged[]
}

/** An entry to be written, and what the store keeps beside it. */
export interface EncodedChunk {
  payload: string
  lastSeq: number
  /** Pieces of text in it. */
  tokens: number
  usage: Usage | undefined
  end: EndEvent | undefined
  /** What is to be kept of it once it is trimmed, where that is more than that there was text. */
  fold: string | undefined
}

/** The bytes of one entry at most. An entry of a single event may be larger. */
const MAX_CHUNK_BYTES = 128 * 1024

/** As many of `events` as go into one entry: JSON of epoch, first seq and the events, text of choice 0 as plain strings. */
export function encodeChunk({ epoch, firstSeq, events }: Chunk): EncodedChunk {
  const encoded: EncodedChunk = {
    payload: '',
    lastSeq: firstSeq - 1,
    tokens: 0,
    usage: undefined,
    end: undefined,
    fold: undefined,
  }
  const items: (number | Logged)[] = [epoch, firstSeq]
  let bytes = 0
  for (const event of events) {
    bytes += eventBytes(event)
    if (bytes > MAX_CHUNK_BYTES && items.length > 2) break
    items.push(event)
    encoded.lastSeq++
    note(encoded, event)
  }
  encoded.payload = toStoredJson(items)
  encoded.fold = foldOf(events.slice(0, encoded.lastSeq - firstSeq + 1), firstSeq)
  return encoded
}

/** What the store is told of `event` beside the entry. */
function note(encoded: EncodedChunk, event: Logged): void {
  if (typeof event === 'string' || isTextual(event)) {
    encoded.tokens++
    return
  }
  switch (event.type) {
    case 'usage':
      encoded.usage = event.usage
      return
    case 'end':
      encoded.end = event
      return
    case 'tool':
    case 'data':
    case 'finish':
      return
    default:
      event satisfies never
  }
}

const WHAT = 'An entry of a log'

/**
 * Reads an entry, all of it or nothing.
 *
 * @throws SluiceError `SLUICE_ERR_STORE` when sluice did not write it, or a version of sluice that this one does not understand
 */
export function decodeChunk(payload: string): Chunk {
  const items = parseStored(payload, WHAT)
  if (!Array.isArray(items)) throw foreign(WHAT, 'it is no list')
  const [epoch, firstSeq, ...events] = items as unknown[]
  if (!isPosition(epoch) || !isPosition(firstSeq) || !isPosition(firstSeq + events.length - 1)) {
    throw foreign(WHAT, 'it does not begin with an epoch and a position')
  }
  requireEvents(events)
  requireSame(items, payload, WHAT)
  return { epoch, firstSeq, events: events as Logged[] }
}

/** @throws SluiceError `SLUICE_ERR_STORE` */
function requireEvents(events: readonly unknown[]): void {
  if (events.length === 0) throw foreign(WHAT, 'it has no event')
  for (const [index, event] of events.entries()) {
    if (typeof event === 'string') continue
    if (!isStreamEvent(event)) throw foreign(WHAT, 'an event in it is of a kind that is not known')
    if (event.type === 'end' && index < events.length - 1) throw foreign(WHAT, 'something follows the end')
  }
}

/** Epochs and positions begin with 1. */
function isPosition(value: unknown): value is number {
  return isCount(value) && value > 0
}
