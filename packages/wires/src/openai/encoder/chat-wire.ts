import type { Wire } from '@sluice/core/extend'
import { ChatEncoder } from './chat-encoder.ts'
import type { ChatFacts } from '../format/chat-facts.ts'

/**
 * OpenAI's chat completions over SSE: `chat.completion.chunk` objects, `data: [DONE]` last. Its facts are
 * {@link ChatFacts}, left out of the chunks of a stream that was started on another wire; the completion's id is
 * `chatcmpl-<streamId>`.
 *
 * The bytes are those of the provider: no ids, no `retry:`, no block without data but comments. Where ids are wanted, an
 * event's last block carries the cursor as `id:`, after its data, and a heartbeat is a comment line inside the next block:
 * then no block at all lacks data, as decoders need it that never forget an id. A stream that was cut ends with an `{"error":{…}}` object and without `[DONE]`. Application events and tool results have no place on
 * this wire and are left out.
 *
 * @example
 * ```ts
 * const facts = { created: Math.floor(Date.now() / 1000), model: body.model, includeUsage: true }
 * const stream = await sluice.start(source, { as, wire: { name: openAiChat.name, facts } })
 * ```
 */
export const openAiChat: Wire = {
  name: 'openai.chat',
  contentType: 'text/event-stream; charset=utf-8',
  resumable: false,
  create: (facts, { ids }) => new ChatEncoder(facts as ChatFacts, ids),
}
