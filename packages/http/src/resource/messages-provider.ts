import { anthropicMessages, type MessageFacts, toAnthropicMessage } from '@sluice/wires/anthropic'

import type { Provider } from './provider.ts'

/**
 * Anthropic's messages as routes of a resource: `POST /messages`.
 *
 * @example
 * ```ts
 * const runner: Runner = (body, { format }) => () => [`Asked for ${format}.`]
 * const resource = createStreamResource({ sluice, identify, runner, providers: [messagesProvider] })
 * ```
 */
export const messagesProvider: Provider = {
  format: 'messages',
  wire: anthropicMessages,
  factsOf: ({ model }, created) => ({ created, model: typeof model === 'string' ? model : '' }),
  bodyOf: (facts, streamId, events) => toAnthropicMessage(facts as MessageFacts, streamId, events),
}
