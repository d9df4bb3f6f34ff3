import type { ChoiceState, FinishReason, SourceEvent, ToolArgsEvent, ToolCallEvent } from '@sluice/core'
import { type ChatExtra, type JsonObject, withToolExtra } from '../format/chat-extra.ts'

/**
 * The delta that `event` becomes; `undefined` for an event that has no place on this wire. `choice` has already been told
 * of the event.
 */
export function deltaOf(event: SourceEvent, choice: ChoiceState, extra: ChatExtra | undefined): JsonObject | undefined {
  const own = ownDelta(event, choice, extra?.tool)
  return extra?.delta ? { ...own, ...extra.delta, ...own } : own
}

/** The word that `finish_reason` says: the backend's own where it had one that we do not know. */
export function finishWordOf(reason: FinishReason, extra: ChatExtra | undefined): string {
  const own = extra?.choice?.finish_reason
  return typeof own === 'string' ? own : reason
}

/** The header of a tool call: what the first delta of an index holds. */
export function callDelta(index: number, id: string, name: string, extra?: JsonObject): JsonObject {
  const type = extra?.type === 'custom' ? 'custom' : 'function'
  const called = type === 'custom' ? { custom: { name, input: '' } } : { function: { name, arguments: '' } }
  return withToolExtra({ index, id, type, ...called }, extra)
}

function ownDelta(event: SourceEvent, choice: ChoiceState, tool: JsonObject | undefined): JsonObject | undefined {
  switch (event.type) {
    case 'text':
      return event.text === '' ? {} : { content: event.text }
    case 'reasoning':
      return { reasoning_content: event.text }
    case 'refusal':
      return { refusal: event.text }
    case 'finish':
      return {}
    case 'tool':
      if (event.phase !== 'call' && event.phase !== 'args') return undefined
      return tool?.type === 'function_call' ? legacyDelta(event, tool) : toolDelta(event, choice, tool)
    default:
      return undefined
  }
}

function toolDelta(
  event: ToolCallEvent | ToolArgsEvent,
  choice: ChoiceState,
  extra: JsonObject | undefined,
): JsonObject | undefined {
  const index = choice.tools.findLastIndex((tool) => tool.id === event.id)
  if (event.phase === 'call') return { tool_calls: [callDelta(index, event.id, event.name, extra)] }
  if (index === -1) return undefined
  const { type, ...more } = extra ?? {}
  const piece = type === 'custom' ? { custom: { input: event.text } } : { function: { arguments: event.text } }
  return { tool_calls: [withToolExtra({ index, ...piece }, more)] }
}

function legacyDelta(event: ToolCallEvent | ToolArgsEvent, extra: JsonObject): JsonObject {
  const piece = event.phase === 'call' ? { name: event.name, arguments: '' } : { arguments: event.text }
  const called = withToolExtra({ function: piece }, { function: extra.function })
  return { function_call: called.function }
}
