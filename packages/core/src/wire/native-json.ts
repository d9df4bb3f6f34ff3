import type { StreamEvent } from '../events/event.ts'
import { isPlainText } from '../events/event-kind.ts'
import { jsonLine } from './json-line.ts'

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
  if (isPlainText(event)) return `"text":${jsonLine(event.text)}`
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
    case 'tool':
    case 'data':
    case 'usage':
    case 'finish':
      return membersOf(event.choice === 0 ? { ...event, choice: undefined } : event)
    case 'end':
      return membersOf(event)
    default:
      event satisfies never
      return membersOf(event)
  }
}

function membersOf(event: StreamEvent): string {
  return jsonLine({ ...event, type: undefined }).slice(1, -1)
}
