import { isTextual, type SourceEvent, type StreamEvent } from '@sluice/core'

/** What a reader of the first choice gets, neighbours merged, whatever came with it. */
export function mergedAnswer(events: readonly StreamEvent[]): SourceEvent[] {
  const merged: SourceEvent[] = []
  for (const event of events) {
    if (event.type === 'end' || event.type === 'usage' || event.type === 'data' || event.choice) continue
    const { extra: _, choice: __, ...rest } = event
    const last = merged.at(-1)
    if (isTextual(event) && event.text === '') continue
    if (last && isTextual(last) && isTextual(event) && continues(last, event)) last.text += event.text
    else merged.push(rest as SourceEvent)
  }
  return merged
}

function continues(last: SourceEvent, next: SourceEvent): boolean {
  if (last.type === 'reasoning' && next.type === 'reasoning') return last.as === next.as
  return last.type === next.type && (last.type !== 'tool' || next.type !== 'tool' || last.id === next.id)
}

/** The same for a wire that says why an answer finished only at its end, and knows calls by the calls themselves. */
export function finishedAnswer(events: readonly StreamEvent[]): SourceEvent[] {
  const end = events.at(-1)!
  const answer = mergedAnswer(events).filter(({ type }) => type !== 'finish')
  if (end.type !== 'end' || end.reason === 'cancelled' || end.reason === 'error' || end.reason === 'interrupted')
    return answer
  const called = answer.some((event) => event.type === 'tool' && event.phase === 'call')
  const cut = end.reason === 'length' || end.reason === 'content_filter'
  return [...answer, { type: 'finish', reason: cut ? end.reason : called ? 'tool_calls' : 'stop' }]
}
