import { type Json, SluiceError } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { notTranslatable, objectsIn, textIn } from '../../json/request-error.ts'

/** What a message of a request consists of, in a chat's words. */
interface Said {
  readonly parts: JsonObject[]
  readonly calls: JsonObject[]
  readonly results: JsonObject[]
}

/** The messages of a request as those of a chat. Thinking of earlier answers is left out: chats have no place for it. */
export function messagesOf(system: Json | undefined, messages: Json | undefined): JsonObject[] {
  const instructions = typeof system === 'string' ? system : textOf(system)
  const first = instructions === '' ? [] : [{ role: 'system', content: instructions }]
  if (messages === undefined || messages === null) {
    throw new SluiceError('SLUICE_ERR_REQUEST', 'The field "messages" is not usable: it must be a list of messages.')
  }
  return [...first, ...objectsIn(messages, 'messages').flatMap(toChatMessages)]
}

/** Results of tools are messages of their own, before what is said beside them. */
function toChatMessages({ role, content }: JsonObject): JsonObject[] {
  if (typeof content === 'string') return [{ role, content }]
  const said: Said = { parts: [], calls: [], results: [] }
  for (const block of objectsIn(content, 'messages.content')) add(said, block)
  const { parts, calls, results } = said
  if (parts.length === 0 && calls.length === 0) return results
  const message = { role, content: parts.length === 0 ? null : contentOf(parts) }
  return [...results, calls.length > 0 ? { ...message, tool_calls: calls } : message]
}

function add({ parts, calls, results }: Said, block: JsonObject): void {
  switch (block.type) {
    case 'text':
    case 'image':
      parts.push(partOf(block))
      return
    case 'tool_use': {
      const called = { name: block.name, arguments: JSON.stringify(block.input ?? {}) }
      calls.push({ id: block.id, type: 'function', function: called })
      return
    }
    case 'tool_result':
      results.push({ role: 'tool', tool_call_id: block.tool_use_id, content: resultOf(block.content) })
      return
    case 'thinking':
    case 'redacted_thinking':
      return
    default:
      throw notTranslatable(
        `Content of type ${JSON.stringify(block.type)}`,
        'send text, images, calls and their results',
      )
  }
}

function partOf({ type, text, source }: JsonObject): JsonObject {
  if (type === 'text') return { type, text: textIn(text, 'messages.content.text') }
  const { type: kind, media_type: mediaType, data, url } = isJsonObject(source) ? source : {}
  if (kind === 'url') return { type: 'image_url', image_url: { url } }
  if (kind === 'base64' && typeof mediaType === 'string' && typeof data === 'string')
    return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${data}` } }
  throw notTranslatable('An image of a stored file', 'send it by its URL or as base64')
}

function resultOf(content: Json | undefined): Json {
  if (content === undefined || content === null) return ''
  return typeof content === 'string' ? content : contentOf(objectsIn(content, 'messages.content.content').map(partOf))
}

/** Text alone is a text: not every backend takes parts. */
function contentOf(parts: readonly JsonObject[]): Json {
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text as string).join('') : [...parts]
}

function textOf(blocks: Json | undefined): string {
  if (blocks === undefined || blocks === null) return ''
  return objectsIn(blocks, 'system')
    .map(({ text }) => textIn(text, 'system.text'))
    .join('\n\n')
}
