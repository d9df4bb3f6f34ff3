import type { Entry } from './entry.ts'
import type { StreamEvent, TextualEvent } from '../events/event.ts'
import { strandOf, isTextual } from '../events/event-kind.ts'

/**
 * Adds `event` to a chunk: continues the last entry when type, choice and strand are the same and no `extra` is
 * involved, else begins a new one. Never changes an event it was given: the log owns those.
 */
export function mergeInto(chunk: Entry[], event: StreamEvent, epoch: number, seq: number): void {
  const last = chunk.at(-1)
  if (last && last.epoch === epoch && continues(last.event, event)) {
    const before = last.event as TextualEvent
    last.event = { ...before, text: before.text + (event as TextualEvent).text }
    last.seq = seq
    return
  }
  chunk.push({ event, epoch, seq })
}

function continues(last: StreamEvent, next: StreamEvent): boolean {
  if (last.type !== next.type || !isTextual(last) || !isTextual(next)) return false
  if (last.extra !== undefined || next.extra !== undefined) return false
  return (last.choice ?? 0) === (next.choice ?? 0) && strandOf(last) === strandOf(next)
}
