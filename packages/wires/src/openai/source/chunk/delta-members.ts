import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'

/** What we model of a delta. */
export interface ModelledMembers {
  readonly reasoning: string
  /** What the backend calls its reasoning, where that is not `reasoning_content` alone. */
  readonly reasoningAs: string | undefined
  readonly content: string | readonly Json[]
  readonly refusal: string
  readonly calls: readonly JsonObject[]
  readonly call: JsonObject | undefined
}

const REASONING = 'reasoning'
const BOTH = 'reasoning reasoning_content'
const NO_CALLS: readonly JsonObject[] = []

/** Reads what we model of a delta, or of a whole message. */
export function modelledMembers(delta: JsonObject): ModelledMembers {
  const { content, reasoning_content: thought, reasoning, refusal, tool_calls: calls, function_call: call } = delta
  return {
    reasoning: isText(thought) ? thought : isText(reasoning) ? reasoning : '',
    reasoningAs: isText(reasoning) ? nameOf(reasoning, thought) : undefined,
    content: isText(content) || Array.isArray(content) ? content : '',
    refusal: isText(refusal) ? refusal : '',
    calls: areCalls(calls) ? calls : NO_CALLS,
    call: isJsonObject(call) ? call : undefined,
  }
}

/** vLLM and OpenRouter say `reasoning`, DeepSeek `reasoning_content`; some say both, for clients of either. */
function nameOf(reasoning: string, thought: Json | undefined): string | undefined {
  if (!isText(thought)) return REASONING
  return thought === reasoning ? BOTH : undefined
}

/** The members that we do not model, or that have a type we do not expect. */
export function unmodelledOf(delta: JsonObject): JsonObject | undefined {
  let members: [string, Json][] | undefined
  for (const name in delta) {
    const value = delta[name]
    if (value === null || value === undefined || isModelled(name, value, delta)) continue
    members ??= []
    members.push([name, value])
  }
  return members && Object.fromEntries(members)
}

function isModelled(name: string, value: Json, delta: JsonObject): boolean {
  switch (name) {
    case 'role':
      return value === 'assistant' || value === ''
    case 'content':
      return typeof value === 'string' || Array.isArray(value)
    case 'refusal':
    case 'reasoning_content':
      return typeof value === 'string'
    case 'reasoning':
      // Where both names are used, they say the same.
      return typeof value === 'string' && (!isText(delta.reasoning_content) || delta.reasoning_content === value)
    case 'tool_calls':
      return areCalls(value)
    case 'function_call':
      return isJsonObject(value)
    default:
      return false
  }
}

function areCalls(value: Json | undefined): value is readonly JsonObject[] {
  return Array.isArray(value) && (value as readonly Json[]).every(isJsonObject)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
