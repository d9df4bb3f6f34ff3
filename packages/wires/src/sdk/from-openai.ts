import type { Source } from '@sluice/core'
import { DEFAULT_ANSWER_LIMITS } from '../backend/answer-limits.ts'
import { ResponseEvents } from '../openai-responses/source/response-events.ts'
import { ChatChunks } from '../openai/source/chunk/chat-chunks.ts'
import { type SdkAsk, sdkSource } from './sdk-source.ts'

/**
 * A source over a stream of OpenAI's official client: chat completions or Responses. An answer is whole once its choices have
 * finished, or the response says how it ended.
 *
 * Cancellation: an abort reaches the stream's `controller`, which closes the connection. Backpressure: an event is asked for when
 * the last one has been taken; helpers (`client.responses.stream`) read on all the same.
 *
 * @example
 * ```ts
 * const source = fromOpenAI((signal) => client.responses.create({ model: 'm', input: 'Hi', stream: true }, { signal }))
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function fromOpenAI(ask: SdkAsk): Source {
  const { maxHeldBytes } = DEFAULT_ANSWER_LIMITS
  return sdkSource(ask, (first, errors) =>
    typeof first.type === 'string'
      ? new ResponseEvents({ errors, maxHeldBytes })
      : new ChatChunks({ model: first.model, choices: 1, maxHeldBytes, errors }),
  )
}
