import { type Json, SluiceError } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { notTranslatable, objectsIn, textIn } from '../../json/request-error.ts'

/** The input of a response as the messages of a chat. Reasoning of earlier answers is left out: chats have no place for it. */
export function messagesOf(instructions: Json | undefined, input: Json | undefined): JsonObject[] {
  const messages: JsonObject[] = []
  const told = textIn(instructions, 'instructions')
  if (told !== '') messages.push({ role: 'system', content: told })
  if (typeof input === 'string') return [...messages, { role: 'user', content: input }]
  if (input === undefined || input === null) throw missing()
  for (const item of objectsIn(input, 'input')) add(messages, item)
  return messages
}

function add(messages: JsonObject[], item: JsonObject): void {
  const { type = 'message', role } = item
  switch (type) {
    case 'message':
      messages.push({ role: role === 'developer' ? 'system' : (role ?? 'user'), content: contentOf(item.content) })
      return
    case 'function_call':
      return addCall(messages, item, {
        type: 'function',
        function: { name: item.name, arguments: item.arguments ?? '' },
      })
    case 'custom_tool_call':
      return addCall(messages, item, { type: 'custom', custom: { name: item.name, input: item.input ?? '' } })
    case 'function_call_output':
    case 'custom_tool_call_output':
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: outputOf(item.output) })
      return
    case 'reasoning':
      return
    default:
      throw notTranslatable(`An input item of type ${JSON.stringify(type)}`, 'send messages, calls and their outputs')
  }
}

/** Calls of one turn are one message, together with what was said before them. */
function addCall(messages: JsonObject[], { call_id: id }: JsonObject, called: JsonObject): void {
  const last = messages.at(-1)
  const call = { id, ...called }
  if (last?.role !== 'assistant') return void messages.push({ role: 'assistant', content: null, tool_calls: [call] })
  const calls = Array.isArray(last.tool_calls) ? (last.tool_calls as Json[]) : []
  messages[messages.length - 1] = { ...last, tool_calls: [...calls, call] }
}

/** Text alone is a text: not every backend takes parts. */
function contentOf(content: Json | undefined): Json {
  if (typeof content === 'string') return content
  if (content === undefined || content === null) throw missing()
  const parts = objectsIn(content, 'input.content').map(partOf)
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text as string).join('') : parts
}

function partOf({ type, ...part }: JsonObject): JsonObject {
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: textIn(part.text, 'input.content.text') }
    case 'refusal':
      return { type: 'text', text: textIn(part.refusal, 'input.content.refusal') }
    case 'input_image':
      if (typeof part.image_url !== 'string')
        throw notTranslatable('An image by its "file_id"', 'send it as "image_url"')
      return { type: 'image_url', image_url: { url: part.image_url, ...(part.detail && { detail: part.detail }) } }
    case 'input_audio':
      return { type, ...part }
    case 'input_file':
      return { type: 'file', file: part }
    default:
      throw notTranslatable(`Content of type ${JSON.stringify(type)}`, 'send text, images, audio or files')
  }
}

function outputOf(output: Json | undefined): Json {
  if (typeof output === 'string') return output
  return Array.isArray(output) && output.every(isJsonObject) ? contentOf(output) : JSON.stringify(output ?? null)
}

function missing(): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', 'The field "input" is not usable: it must be a text or a list of items.')
}
