import type { StreamEvent } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'
import type { JsonObject } from '../../json/json-object.ts'
import type { MessageFacts } from '../format/message-facts.ts'
import { MessageAnswer } from './message-answer.ts'
import { MessageEncoder } from './message-encoder.ts'

/**
 * Anthropic's messages over SSE: `message_start` first, `message_stop` last, content blocks between them, one after another.
 * Its facts are {@link MessageFacts}; the message's id is `msg_<streamId>`. A heartbeat is a `ping`. The message begins with the
 * first event that says more than token counts, so that it has those of its input where they are known.
 *
 * A stream that was cut ends with an `error` event and without `message_stop`. Reasoning is thinking, whose signature is empty
 * unless the backend gave one; a refusal is a text. Application events, tool results and choices other than the first have no
 * place on this wire. Whoever begins in the middle is told the blocks so far with `message_start`: a stream whose beginning is
 * not kept any more is refused on this wire.
 *
 * @example
 * ```ts
 * const facts = { created: Math.floor(Date.now() / 1000), model: body.model }
 * const stream = await sluice.start(source, { as, wire: { name: anthropicMessages.name, facts } })
 * ```
 */
export const anthropicMessages: Wire = {
  name: 'anthropic.messages',
  contentType: 'text/event-stream; charset=utf-8',
  resumable: false,
  needsPast: true,
  create: (facts, { ids }) => new MessageEncoder(facts as MessageFacts, ids),
}

/**
 * A stream as the one message that a client gets who did not ask for a stream. A stream that was cut makes an error, not a
 * message: look at its `end` first. Arguments of a call that are no JSON object are `{ INVALID_JSON: text }`.
 *
 * @example
 * ```ts
 * const { events } = await stream.result()
 * const message = toAnthropicMessage(facts, stream.id, events)
 * ```
 */
export function toAnthropicMessage(facts: MessageFacts, streamId: string, events: Iterable<StreamEvent>): JsonObject {
  const answer = new MessageAnswer(facts, streamId)
  for (const event of events) answer.take(event)
  return answer.whole()
}
