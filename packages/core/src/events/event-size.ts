import type { StreamEvent } from './event.ts'
import { utf8Length } from './utf8.ts'

/** What every logged event is charged beyond its UTF-8 bytes: the bookkeeping that keeps its boundary. */
export const EVENT_COST_BYTES = 32

/** What `event` is charged against windows, queues and retention: UTF-8 bytes plus {@link EVENT_COST_BYTES}. */
export function eventBytes(event: string | StreamEvent): number {
  if (typeof event === 'string') return utf8Length(event) + EVENT_COST_BYTES
  if (event.type === 'text' && event.extra === undefined) return utf8Length(event.text) + EVENT_COST_BYTES
  return utf8Length(JSON.stringify(event)) + EVENT_COST_BYTES
}
