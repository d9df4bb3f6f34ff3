import type { EndEvent, StreamEvent, WireError } from './event.ts'
import { END_CAUSES, END_REASONS } from './event-kind.ts'
import { requireSourceEvent } from './source-event.ts'

/**
 * For stores: whether `value`, which was read, is an event that this version knows. What decides where it goes is looked at; what
 * is JSON is the source's word, as it was when the event was taken.
 */
export function isStreamEvent(value: unknown): value is StreamEvent {
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'end') return isEndEvent(value)
  try {
    requireSourceEvent(value)
    return true
  } catch {
    return false
  }
}

/** For stores: whether `value`, which was read, is the end of a stream, for a reason and with a cause that are known. */
export function isEndEvent(value: unknown): value is EndEvent {
  if (typeof value !== 'object' || value === null) return false
  const { type, reason, complete, cause, usage, error } = value as Partial<EndEvent>
  return (
    type === 'end' &&
    END_REASONS.includes(reason!) &&
    typeof complete === 'boolean' &&
    (cause === undefined || END_CAUSES.includes(cause)) &&
    (usage === undefined || (typeof usage === 'object' && usage !== null)) &&
    (error === undefined || isShown(error))
  )
}

function isShown(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, message } = error as Partial<WireError>
  return typeof code === 'string' && typeof message === 'string'
}
