import type { Wire } from '@sluice/core/extend'
import { UiMessageEncoder } from './ui-message-encoder.ts'

/**
 * The UI message stream of the AI SDK over SSE: what `useChat` and `readUIMessageStream` read. Its message is
 * `msg_<streamId>`, whoever reads it and however often, so that a client that reads from the start again builds the same message.
 *
 * A stream that failed or was cut has an `error` part, one that was cancelled an `abort` part: none of them is ever taken for a
 * whole answer. Token counts are `messageMetadata.usage` of the last part. Application events are `data-<name>` parts, and a
 * tool's results and errors are its output. Choices other than the first have no place on this wire. Whoever begins in the middle
 * is given the message so far first: a stream whose beginning is not kept any more is refused on this wire.
 *
 * @see https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol
 * @example
 * ```ts
 * const stream = await sluice.start(source, { as, wire: { name: uiMessageStream.name, facts: {} } })
 * ```
 */
export const uiMessageStream: Wire = {
  name: 'ai-sdk.ui-message-stream',
  contentType: 'text/event-stream; charset=utf-8',
  resumable: false,
  needsPast: true,
  create: (_facts, { ids }) => new UiMessageEncoder(ids),
}

/** What the AI SDK's own servers say with such a stream. */
export const UI_MESSAGE_STREAM_HEADERS: Readonly<Record<string, string>> = { 'x-vercel-ai-ui-message-stream': 'v1' }
