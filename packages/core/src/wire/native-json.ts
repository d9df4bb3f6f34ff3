import type { StreamEvent } from '../events/event.ts'
import { isPlainText } from '../events/event-kind.ts'

/**
 * What every native wire writes of an event: its members as JSON text, without the braces around them, so that a wire can
 * put its own beside them. `type` is not among them, since each wire has a place of its own for it, nor is a `choice` of 0.
 *
 * @example
 * ```ts
 * nativeMembers({ type: 'tool', phase: 'args', id: 'call_7', text: '{' }) // '"phase":"args","id":"call_7","text":"{"'
 * ```
 */
export function nativeMembers(event: StreamEvent): string {
  if (isPlainText(event)) return `"text":${JSON.stringify(event.text)}`
  const choice = 'choice' in event && event.choice ? event.choice : undefined
  return JSON.stringify({ ...event, type: undefined, choice }).slice(1, -1)
}
