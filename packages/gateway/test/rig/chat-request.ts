import { MESSAGES } from './stage.ts'

export const BODY = { model: 'm', messages: MESSAGES }

/** Asks for a chat completion, streamed. */
export function postChat(api: string, more: object = {}): Promise<Response> {
  return fetch(`${api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...BODY, stream: true, ...more }),
  })
}

/** Asks a gateway for a chat completion, and reads the answer to its end. */
export async function chatOnce(url: string, more: object = {}): Promise<Response> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'chat-1' },
    body: JSON.stringify({ model: 'm', messages: [], stream: true, ...more }),
  })
  await response.text()
  return response
}
