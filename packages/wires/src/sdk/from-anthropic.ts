import type { Source } from '@sluice/core'
import { MessageEvents } from '../anthropic/source/message-events.ts'
import { DEFAULT_ANSWER_LIMITS } from '../backend/answer-limits.ts'
import { type SdkAsk, sdkSource } from './sdk-source.ts'

/**
 * A source over a stream of Anthropic's official client. An answer is whole once the message says why it stopped.
 *
 * Cancellation: an abort reaches the stream's `controller`, which closes the connection. Backpressure: an event is asked for when
 * the last one has been taken; the helper (`client.messages.stream`) reads on all the same.
 *
 * @example
 * ```ts
 * const body = { model: 'm', max_tokens: 1024, messages, stream: true }
 * const source = fromAnthropic((signal) => client.messages.create(body, { signal }))
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function fromAnthropic(ask: SdkAsk): Source {
  const { maxHeldBytes } = DEFAULT_ANSWER_LIMITS
  return sdkSource(ask, (_, errors) => new MessageEvents({ errors, maxHeldBytes }))
}
