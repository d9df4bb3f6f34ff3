import type { FinishReason, ToolArgsEvent, ToolCallEvent, ToolEvent } from '@sluice/core'
import type { ChoiceEvent, ChoiceState, KnownTool } from '@sluice/core/extend'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { type ChatExtra, chatExtraOf, withToolExtra } from '../format/chat-extra.ts'

/** The role, as the first delta of a choice has it. */
export const ROLE: JsonObject = { role: 'assistant', content: '' }
const ROLE_WITHOUT_CONTENT: JsonObject = { role: 'assistant', content: null }

/** Said once per choice, with its first delta. The official clients keep `content` null until there is some. */
export function roleOf(event: ChoiceEvent): JsonObject {
  switch (event.type) {
    case 'text':
    case 'finish':
      return ROLE
    case 'reasoning':
    case 'refusal':
    case 'tool':
      return ROLE_WITHOUT_CONTENT
    default:
      event satisfies never
      return ROLE_WITHOUT_CONTENT
  }
}

/**
 * The delta that `event` becomes; `undefined` for an event that has no place on this wire. `choice` has already been told
 * of the event.
 */
export function deltaOf(event: ChoiceEvent, choice: ChoiceState, extra: ChatExtra | undefined): JsonObject | undefined {
  const own = ownDelta(event, choice, extra?.tool)
  return extra?.delta ? { ...own, ...extra.delta, ...own } : own
}

/** The word that `finish_reason` says: the backend's own where it had one that we do not know. */
export function finishWordOf(reason: FinishReason, extra: ChatExtra | undefined): string {
  const own = extra?.choice?.finish_reason
  return typeof own === 'string' ? own : reason
}

/** The headers of calls that have begun, each in the shape it was begun in, as one delta. */
export function callsDelta(tools: readonly KnownTool[]): JsonObject {
  const calls = tools.map(({ id, name, extra }, index) => ({ index, id, name, tool: chatExtraOf(extra)?.tool }))
  const legacy = calls.findLast(({ tool }) => tool?.type === 'function_call')
  const listed = calls.filter(({ tool }) => tool?.type !== 'function_call')
  return {
    ...(legacy && legacyDelta({ phase: 'call', name: legacy.name }, legacy.tool!)),
    ...(listed.length > 0 && {
      tool_calls: listed.map(({ index, id, name, tool }) => callDelta(index, id, name, tool)),
    }),
  }
}

/** The header of a tool call: what the first delta of an index holds. */
function callDelta(index: number, id: string, name: string, extra?: JsonObject): JsonObject {
  const type = extra?.type === 'custom' ? 'custom' : 'function'
  const called = type === 'custom' ? { custom: { name, input: '' } } : { function: { name, arguments: '' } }
  return withToolExtra({ index, id, type, ...called }, extra)
}

function ownDelta(event: ChoiceEvent, choice: ChoiceState, tool: JsonObject | undefined): JsonObject | undefined {
  switch (event.type) {
    case 'text':
      return event.text === '' ? {} : { content: event.text }
    case 'reasoning':
      return reasoningMembers(event.text, event.as)
    case 'refusal':
      return { refusal: event.text }
    case 'finish':
      return {}
    case 'tool':
      return toolDelta(event, choice, tool)
    default:
      event satisfies never
      return undefined
  }
}

/** Names that reasoning goes by on this wire: a source of another wire may have names of its own. */
const REASONING_NAMES: ReadonlySet<string> = new Set(['reasoning', 'reasoning_content'])
const USUAL_NAME = 'reasoning_content'

/** A text of reasoning, under the names that the backend gave it. */
export function reasoningMembers(text: string, as: string | undefined): JsonObject {
  const names = as?.split(' ').filter((name) => REASONING_NAMES.has(name)) ?? []
  return Object.fromEntries((names.length === 0 ? [USUAL_NAME] : names).map((name) => [name, text]))
}

function toolDelta(event: ToolEvent, choice: ChoiceState, extra: JsonObject | undefined): JsonObject | undefined {
  switch (event.phase) {
    case 'call':
    case 'args':
      return extra?.type === 'function_call' ? legacyDelta(event, extra) : callingDelta(event, choice, extra)
    case 'result':
    case 'error':
      return undefined
    default:
      event satisfies never
      return undefined
  }
}

function callingDelta(
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

function legacyDelta(
  event: Pick<ToolCallEvent, 'phase' | 'name'> | Pick<ToolArgsEvent, 'phase' | 'text'>,
  extra: JsonObject,
): JsonObject {
  const piece = event.phase === 'call' ? { name: event.name, arguments: '' } : { arguments: event.text }
  const called = withToolExtra(
    { function: piece },
    isJsonObject(extra.function) ? { function: extra.function } : undefined,
  )
  return { function_call: called.function }
}
