import type { StreamEvent, TextualEvent } from './event.ts'
import { isTextual, strandOf } from './event-kind.ts'
import { utf8Length } from './utf8.ts'

/** What a piece of text is charged beyond its UTF-8 bytes: its length, and its part of what it is packed in. */
export const TEXT_COST_BYTES = 2
/** What any other event is charged beyond its JSON: the object it is. */
export const EVENT_COST_BYTES = 32

/** What `event` is charged against windows, queues and retention: about what it takes in a log that is full (contract 6). */
export function eventBytes(event: string | StreamEvent): number {
  if (typeof event === 'string') return utf8Length(event) + TEXT_COST_BYTES
  if (isPieceOfText(event)) return utf8Length(event.text) + TEXT_COST_BYTES
  return utf8Length(JSON.stringify(event)) + EVENT_COST_BYTES
}

/** So much of the name of a strand is held once for many pieces; a longer one is no name. */
const STRAND_UNITS = 64

/** Whether `event` is a piece of text and nothing else, whoever's it is: what is packed with its neighbours. */
export function isPieceOfText(event: StreamEvent): event is TextualEvent {
  return isTextual(event) && event.extra === undefined && strandOf(event).length <= STRAND_UNITS
}
