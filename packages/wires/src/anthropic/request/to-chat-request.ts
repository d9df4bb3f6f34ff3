import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { notTranslatable, objectsIn } from '../../json/request-error.ts'
import { messagesOf } from './chat-messages.ts'

/** Members that have a place of their own in a chat completion, or none there and no bearing on the answer. */
const TAKEN: ReadonlySet<string> = new Set([
  'system',
  'messages',
  'stop_sequences',
  'tools',
  'tool_choice',
  'metadata',
  'thinking',
  'output_config',
  'output_format',
  'service_tier',
  'container',
  'context_management',
  'mcp_servers',
  'cache_control',
  'diagnostics',
  'inference_geo',
])

const CHOICES: Readonly<Record<string, string>> = { auto: 'auto', any: 'required', none: 'none' }

/**
 * A request for a message as one for a chat completion, for a backend that has nothing else. Members that both have, and those
 * that sluice does not know, go through. Whether to think is left to the backend.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what a chat completion cannot do: tools of the provider's own, its containers and
 * servers, documents
 * @example
 * ```ts
 * toChatRequest({ model: 'm', max_tokens: 100, system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] })
 * // { model: 'm', max_tokens: 100, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }] }
 * ```
 */
export function toChatRequest(body: JsonObject): JsonObject {
  if (Array.isArray(body.mcp_servers) && body.mcp_servers.length > 0)
    throw notTranslatable('"mcp_servers"', 'offer tools of your own')
  if (typeof body.container === 'string') throw notTranslatable('"container"', 'leave it out')
  const { stop_sequences: stops, tools, tool_choice: choice, metadata } = body
  const rest = Object.entries(body).filter(([name, value]) => !TAKEN.has(name) && value !== undefined)
  return {
    ...Object.fromEntries(rest),
    messages: messagesOf(body.system, body.messages),
    ...(isSaid(stops) && { stop: stops }),
    ...(isSaid(tools) && { tools: objectsIn(tools, 'tools').map(toChatTool) }),
    ...(isSaid(choice) && choiceOf(choice)),
    ...(isJsonObject(metadata) && isSaid(metadata.user_id) && { user: metadata.user_id }),
    ...formatOf(body),
  }
}

function toChatTool({ type, name, description, input_schema: parameters, strict }: JsonObject): JsonObject {
  if (isSaid(type) && type !== 'custom') {
    throw notTranslatable(`A tool of type ${JSON.stringify(type)}`, 'offer tools with an "input_schema"')
  }
  return {
    type: 'function',
    function: { name, ...(isSaid(description) && { description }), parameters, ...(isSaid(strict) && { strict }) },
  }
}

function choiceOf(asked: Json): JsonObject {
  if (!isJsonObject(asked)) throw noChoice(asked)
  const { type, name, disable_parallel_tool_use: single } = asked
  const choice = type === 'tool' ? { type: 'function', function: { name } } : choiceNamed(type)
  return { tool_choice: choice as Json, ...(single === true && { parallel_tool_calls: false }) }
}

function choiceNamed(type: Json | undefined): string {
  const choice = typeof type === 'string' && Object.hasOwn(CHOICES, type) ? CHOICES[type] : undefined
  if (choice === undefined) throw noChoice(type)
  return choice
}

function noChoice(type: Json | undefined): Error {
  return notTranslatable(`A "tool_choice" of type ${JSON.stringify(type)}`, 'say "auto", "any", "tool" or "none"')
}

/** A schema for the answer: where it stands today, and where it stood. */
function formatOf({ output_config: config, output_format: before }: JsonObject): JsonObject {
  const format = isJsonObject(config) && isJsonObject(config.format) ? config.format : before
  if (!isJsonObject(format) || format.type !== 'json_schema') return {}
  return {
    response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format.schema } },
  }
}

function isSaid(value: Json | undefined): value is NonNullable<Json> {
  return value !== undefined && value !== null
}
