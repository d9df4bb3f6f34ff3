import { toChatRequest as messageToChat } from '@sluice/wires/anthropic'
import type { JsonObject } from '@sluice/wires/openai'
import { toChatRequest as responseToChat } from '@sluice/wires/openai-responses'

/** Of which provider's format a request is. */
export type AskedFormat = 'chat' | 'responses' | 'messages'

/** A request as one for a chat completion. @throws SluiceError `SLUICE_ERR_REQUEST` for what has no counterpart there */
export function toChatBody(body: JsonObject, format: AskedFormat): JsonObject {
  switch (format) {
    case 'chat':
      return body
    case 'responses':
      return responseToChat(body)
    case 'messages':
      return messageToChat(body)
  }
}
