import { isTextual, type StreamEvent, type TextEvent } from '@sluice/core'
import type { Entry } from '@sluice/core/extend'

/** The events after `after` as a reader gets them in chunks of these sizes, again and again: neighbours in a chunk merged. */
export function inChunks(events: readonly StreamEvent[], sizes: readonly number[], after = 0): Entry[] {
  const entries: Entry[] = []
  let left = 0
  let chunk = 0
  for (const [index, event] of events.entries()) {
    if (index < after) continue
    const begins = left === 0
    if (begins) left = sizes[chunk++ % sizes.length]!
    left--
    const last = entries.at(-1)
    if (last && !begins && continues(last.event, event)) {
      const { text } = last.event as TextEvent
      last.event = { ...(last.event as TextEvent), text: text + (event as TextEvent).text }
      last.seq = index + 1
    } else entries.push({ event, epoch: 1, seq: index + 1 })
  }
  return entries
}

function continues(last: StreamEvent, next: StreamEvent): boolean {
  if (!isTextual(last) || !isTextual(next) || last.type !== next.type) return false
  if (last.extra !== undefined || next.extra !== undefined || (last.choice ?? 0) !== (next.choice ?? 0)) return false
  if (last.type === 'reasoning' && next.type === 'reasoning') return last.as === next.as
  return last.type !== 'tool' || next.type !== 'tool' || last.id === next.id
}
