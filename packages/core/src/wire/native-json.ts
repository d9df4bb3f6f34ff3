import type { StreamEvent } from '../events/event.ts'

/**
 * What sluice's own wires say of an event besides its type: its other members, as JSON without the braces. Choice 0 goes without
 * saying. Each transport adds the type and the cursor where its messages have them.
 */
export function nativeMembers(event: StreamEvent): string {
  if (event.type === 'text' && !event.choice && event.extra === undefined) return `"text":${JSON.stringify(event.text)}`
  const choice = 'choice' in event && event.choice ? event.choice : undefined
  return JSON.stringify({ ...event, type: undefined, choice }).slice(1, -1)
}
