import { SluiceError } from './errors.ts'
import type { SourceEvent, ToolEvent } from './event.ts'
import { FINISH_REASONS, SOURCE_EVENT_TYPES, TOOL_PHASES } from './event-kind.ts'

/**
 * `item` as an event, if it is one. The check is shallow: what is JSON is the source's word, what decides where the
 * event goes is looked at.
 *
 * @throws SluiceError `SLUICE_ERR_SOURCE_ITEM`
 */
export function requireSourceEvent(item: unknown): SourceEvent {
  if (typeof item !== 'object' || item === null || !('type' in item)) {
    throw invalid(item, 'a string, a Uint8Array, an event with a "type", or an array of these')
  }
  const event = item as SourceEvent
  if (event.choice !== undefined && !(Number.isInteger(event.choice) && event.choice >= 0 && event.choice < 1024)) {
    throw invalid(item, 'an event whose "choice" is a whole number from 0 to 1023')
  }
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      if (event.type === 'reasoning' && event.as !== undefined && typeof event.as !== 'string')
        throw invalid(item, 'a "reasoning" event whose "as" is a string')
      if (typeof event.text !== 'string') throw invalid(item, `a "${event.type}" event whose "text" is a string`)
      return event
    case 'tool':
      return requireTool(event)
    case 'data':
      if (typeof event.name !== 'string' || event.name === '') throw invalid(item, 'a "data" event with a "name"')
      return event
    case 'usage':
      if (typeof event.usage !== 'object' || event.usage === null) throw invalid(item, 'a "usage" event with a "usage"')
      return event
    case 'finish':
      if (!FINISH_REASONS.includes(event.reason)) {
        throw invalid(item, `a "finish" event whose "reason" is one of ${FINISH_REASONS.join(', ')}`)
      }
      return event
    default:
      event satisfies never
      throw invalid(item, `an event whose "type" is one of ${SOURCE_EVENT_TYPES.join(', ')}`)
  }
}

function requireTool(event: ToolEvent): SourceEvent {
  if (typeof event.id !== 'string' || event.id === '') throw invalid(event, 'a "tool" event with an "id"')
  switch (event.phase) {
    case 'call':
      if (typeof event.name !== 'string') throw invalid(event, 'a tool call with a "name"')
      return event
    case 'args':
      if (typeof event.text !== 'string') throw invalid(event, 'tool arguments whose "text" is a string')
      return event
    case 'result':
      return event
    case 'error':
      if (typeof event.message !== 'string') throw invalid(event, 'a tool error with a "message"')
      return event
    default:
      event satisfies never
      throw invalid(event, `a "tool" event whose "phase" is one of ${TOOL_PHASES.join(', ')}`)
  }
}

function invalid(item: unknown, expected: string): SluiceError {
  return new SluiceError('SLUICE_ERR_SOURCE_ITEM', `The source gave ${describe(item)}; expected is ${expected}.`)
}

/** Names the kind of thing without its content: a model's output does not belong into an error message. */
function describe(item: unknown): string {
  if (item === null || typeof item !== 'object')
    return item === undefined || item === null ? String(item) : `a ${typeof item}`
  const { type } = item as { type?: unknown }
  return typeof type === 'string'
    ? `an object of type ${JSON.stringify(type.slice(0, 40))}`
    : 'an object without a type'
}
