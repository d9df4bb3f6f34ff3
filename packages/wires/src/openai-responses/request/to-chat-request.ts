import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { notTranslatable, objectsIn } from '../../json/request-error.ts'
import { messagesOf } from './input-messages.ts'

/** Members that have a place of their own in a chat completion, or none there and no bearing on the answer. */
const TAKEN: ReadonlySet<string> = new Set([
  'input',
  'instructions',
  'max_output_tokens',
  'reasoning',
  'text',
  'tools',
  'tool_choice',
  'top_logprobs',
  'background',
  'store',
  'include',
  'truncation',
  'max_tool_calls',
  'previous_response_id',
  'conversation',
  'prompt',
  'stream_options',
])

/** Members that say where an answer goes on that we do not have. */
const STORED: readonly string[] = ['previous_response_id', 'conversation', 'prompt']

/**
 * A request for a response as one for a chat completion, for a backend that has nothing else. Members that both have, and those
 * that sluice does not know, go through.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what a chat completion cannot do: tools of the provider's own, an answer that
 * goes on from a stored one
 * @example
 * ```ts
 * toChatRequest({ model: 'm', instructions: 'Be brief.', input: 'Hi' })
 * // { model: 'm', messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }] }
 * ```
 */
export function toChatRequest(body: JsonObject): JsonObject {
  for (const name of STORED) {
    if (body[name] === undefined || body[name] === null) continue
    throw notTranslatable(`"${name}"`, 'send the whole conversation as "input"')
  }
  const { max_output_tokens: maxTokens, reasoning, text, tools, tool_choice: choice, top_logprobs: logprobs } = body
  const effort = isJsonObject(reasoning) ? reasoning.effort : undefined
  const rest = Object.entries(body).filter(([name, value]) => !TAKEN.has(name) && value !== undefined)
  return {
    ...Object.fromEntries(rest),
    messages: messagesOf(body.instructions, body.input),
    ...(isSaid(maxTokens) && { max_tokens: maxTokens }),
    ...(isSaid(effort) && { reasoning_effort: effort }),
    ...(isSaid(tools) && { tools: objectsIn(tools, 'tools').map(toChatTool) }),
    ...(isSaid(choice) && { tool_choice: toChatChoice(choice) }),
    ...(isSaid(logprobs) && { logprobs: true, top_logprobs: logprobs }),
    ...textOptionsOf(text),
  }
}

function toChatTool(tool: JsonObject): JsonObject {
  const { type, ...rest } = tool
  if (type === 'function') return { type, function: rest }
  if (type === 'custom')
    return { type, custom: { ...rest, ...(isJsonObject(rest.format) && { format: toChatFormat(rest.format) }) } }
  throw notTranslatable(`A tool of type ${JSON.stringify(type)}`, 'offer tools of type "function"')
}

/** What a grammar consists of stands one level deeper there. */
function toChatFormat({ type, ...grammar }: JsonObject): JsonObject {
  return type === 'grammar' && !isJsonObject(grammar.grammar) ? { type, grammar } : { type: type ?? null, ...grammar }
}

function toChatChoice(choice: Json): Json {
  if (!isJsonObject(choice)) return choice
  const { type, name } = choice
  if (type === 'function') return { type, function: { name: name ?? null } }
  if (type === 'custom') return { type, custom: { name: name ?? null } }
  throw notTranslatable(
    `A "tool_choice" of type ${JSON.stringify(type)}`,
    'name a function, or say "auto", "required" or "none"',
  )
}

function textOptionsOf(text: Json | undefined): JsonObject {
  if (!isJsonObject(text)) return {}
  const { format, verbosity } = text
  return { ...(isJsonObject(format) && formatOf(format)), ...(isSaid(verbosity) && { verbosity }) }
}

function formatOf({ type, ...schema }: JsonObject): JsonObject {
  if (type === 'text') return {}
  return { response_format: type === 'json_schema' ? { type, json_schema: schema } : { type: type ?? null } }
}

function isSaid(value: Json | undefined): value is NonNullable<Json> {
  return value !== undefined && value !== null
}
