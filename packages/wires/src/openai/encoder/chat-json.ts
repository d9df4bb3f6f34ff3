import type { Json, StreamEvent } from '@sluice/core'
import {
  type ChatCollector,
  type CollectedChoice,
  type CollectedTool,
  createChatCollector,
  createCollectedChoice,
} from './chat-collector.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { joinObjects, withToolExtra } from '../format/chat-extra.ts'
import { finishReasonOf } from '../format/chat-finish.ts'
import { reasoningMembers } from './chat-delta.ts'
import { toOpenAiUsage } from '../format/chat-usage.ts'
import type { ChatFacts } from '../format/chat-facts.ts'

/** A `chat.completion` body: the members that are always there; a backend may have sent more. */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  created: number
  model: string
  choices: ChatCompletionChoice[]
  [name: string]: unknown
}

/**
 * One choice of a {@link ChatCompletion}. `content` is a list of parts where a backend gave parts that are no text (thinking,
 * images). `finish_reason` is null only when the answer was cut.
 */
export interface ChatCompletionChoice {
  index: number
  message: {
    role: string
    content: string | readonly Json[] | null
    refusal: string | null
    [name: string]: unknown
  }
  finish_reason: string | null
  logprobs: Json
  [name: string]: unknown
}

/**
 * A stream as the one JSON body that a client gets who did not ask for a stream. A stream that was cut makes an error,
 * not a body: look at its `end` first.
 */
export function toChatCompletion(
  facts: ChatFacts,
  streamId: string,
  collected: ChatCollector | Iterable<StreamEvent>,
): ChatCompletion {
  const { choices, extra, usage, end } = 'add' in collected ? collected : collect(collected)
  const { created, model, service_tier, system_fingerprint } = facts
  const identity = { id: `chatcmpl-${streamId}`, object: 'chat.completion' as const, created }
  const reason = end && finishReasonOf(end)
  const answers = choices.size === 0 ? [[0, createCollectedChoice()] as const] : [...choices].sort(([a], [b]) => a - b)
  return {
    ...identity,
    ...(service_tier !== undefined && { service_tier }),
    ...(system_fingerprint !== undefined && { system_fingerprint }),
    model,
    ...joinObjects(extra, 'chunk'),
    ...identity,
    choices: answers.map(([index, choice]) => toChoice(index, choice, reason)),
    ...(usage && { usage: toOpenAiUsage(usage) }),
  }
}

function collect(events: Iterable<StreamEvent>): ChatCollector {
  const collector = createChatCollector()
  for (const event of events) collector.add(event)
  return collector
}

function toChoice(index: number, choice: CollectedChoice, reason: string | undefined): ChatCompletionChoice {
  const { logprobs = null, finish_reason: word, ...more } = joinObjects(choice.extra, 'choice')
  return {
    ...more,
    index,
    message: toMessage(choice),
    logprobs,
    finish_reason: typeof word === 'string' ? word : (choice.finish ?? reason ?? null),
  }
}

function toMessage(choice: CollectedChoice): ChatCompletionChoice['message'] {
  const legacy = choice.tools.find(isLegacy)
  const calls = choice.tools.filter((tool) => !isLegacy(tool)).map(toCall)
  const silent = choice.tools.length > 0 || choice.refusal !== undefined
  const { role, ...extra } = joinObjects(choice.deltaExtra, 'delta')
  const own = {
    role: typeof role === 'string' ? role : 'assistant',
    content: choice.parts ?? choice.text ?? (silent ? null : ''),
    refusal: choice.refusal ?? null,
    ...(choice.reasoning !== undefined && reasoningMembers(choice.reasoning, choice.reasoningAs)),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(legacy && { function_call: toLegacyCall(legacy) }),
  }
  return { ...own, ...extra, ...own }
}

function isLegacy(tool: CollectedTool): boolean {
  return tool.extra[0]?.type === 'function_call'
}

function toCall({ id, name, args, extra }: CollectedTool): JsonObject {
  const { type, ...more } = joinObjects(extra, 'choice')
  const called = type === 'custom' ? { custom: { name, input: args } } : { function: { name, arguments: args } }
  return withToolExtra({ id, type: typeof type === 'string' ? type : 'function', ...called }, more)
}

function toLegacyCall({ name, args, extra }: CollectedTool): JsonObject {
  const { function: more } = joinObjects(extra, 'choice')
  return { ...(isJsonObject(more) && more), name, arguments: args }
}
