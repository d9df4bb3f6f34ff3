import { type EndEvent, isTextual, SluiceError, type Usage } from '@sluice/core'
import { eventBytes, type Logged } from '@sluice/core/extend'

import { foldOf } from './head-codec.ts'

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
  encoded.payload = JSON.stringify(items)
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

/**
 * Reads an entry.
 *
 * @throws SluiceError `SLUICE_ERR_STORE` when sluice did not write it
 */
export function decodeChunk(payload: string): Chunk {
  try {
    const [epoch, firstSeq, ...events] = JSON.parse(payload) as [number, number, ...Logged[]]
    if (Number.isSafeInteger(epoch) && Number.isSafeInteger(firstSeq)) return { epoch, firstSeq, events }
  } catch {
    // What is no JSON is no entry either: the error follows.
  }
  throw new SluiceError('SLUICE_ERR_STORE', 'An entry in Redis is not one that sluice wrote; use a prefix of its own.')
}
