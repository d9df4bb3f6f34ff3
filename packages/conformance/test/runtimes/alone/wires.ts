import { createSluice } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'

const CHUNKS = ['Hello', ' world'].map((content) => ({ choices: [{ index: 0, delta: { content } }] }))

/** A backend's stream as a source. */
export async function check(): Promise<unknown> {
  const chunks = [...CHUNKS, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }]
  const body = `${chunks.map((chunk) => `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...chunk })}\n\n`).join('')}data: [DONE]\n\n`
  const source = openAiChatSource({
    baseUrl: 'http://localhost/v1',
    body: { model: 'm', messages: [] },
    fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  })
  const stream = await createSluice().start(source, { as: { owner: 'ada' } })
  const { text, end } = await stream.result()
  return [text, end.reason]
}
