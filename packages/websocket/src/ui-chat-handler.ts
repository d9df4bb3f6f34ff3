import type { Json, Source, StreamOptions } from '@sluice/core'
import { invalidOption, type Wire } from '@sluice/core/extend'

import { chatDialect, keyOfChat } from './chat/chat-dialect.ts'
import { openHandler, type WebSocketHandler } from './handler.ts'
import { resolveWebSocketOptions, type RunContext, type WebSocketHandlerOptions } from './handshake/options.ts'

/** What `useChat` sends: the chat, its messages so far, and what its transport was told to add. */
export interface UiChatMessage {
  /** The chat's id. */
  readonly id: string
  /** `UIMessage`s of the AI SDK. */
  readonly messages: readonly Json[]
  readonly [name: string]: Json | undefined
}

/** Options of {@link createUiChatHandler}. */
export interface UiChatHandlerOptions
  extends Omit<WebSocketHandlerOptions, 'run'>, Pick<StreamOptions, 'onDisconnect' | 'retentionMs'> {
  /** Writes the parts of an answer: `uiMessageStream` of `@sluice/wires/ai-sdk`. */
  wire: Wire
  /** Makes the source of an answer: `fromAiSdk` of `@sluice/wires/ai-sdk` around `streamText`, or any other. */
  source: (message: UiChatMessage, context: RunContext) => Source | Promise<Source>
}

/** A chat's messages travel in each request. */
const MAX_PAYLOAD_BYTES = 262_144

/**
 * Serves the AI SDK's `WebSocketChatTransport`: many chats on one socket. An answer goes on when its socket closes, and its chat
 * comes back to it from its beginning, as the same message; a page's `stop()` stops the model, on whatever instance it runs. The
 * same chats are served over HTTP by `createUiChat` of `@sluice/http/ai-sdk`.
 *
 * A chat is its owner's: another's of the same id is another chat. `limits.maxPayloadBytes` is 262,144 here by default, for a chat's
 * messages so far are in each request.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @see https://ai-sdk.dev/docs/reference/ai-sdk-ui/websocket-chat-transport
 * @example
 * ```ts
 * const handler = createUiChatHandler({ sluice, identify, wire: uiMessageStream, source: ({ messages }) => runner.generate.bind(runner, messages) })
 * createServer().on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
 * ```
 */
export function createUiChatHandler(options: UiChatHandlerOptions): WebSocketHandler {
  const { wire, source, onDisconnect = 'continue', retentionMs, ...rest } = options
  if (typeof source !== 'function')
    throw invalidOption('source', source, 'a function that makes the source of an answer')
  if (typeof wire?.create !== 'function') throw invalidOption('wire', wire, 'uiMessageStream of @sluice/wires/ai-sdk')
  const limits = { ...rest.limits, maxPayloadBytes: rest.limits?.maxPayloadBytes ?? MAX_PAYLOAD_BYTES }
  const resolved = resolveWebSocketOptions({
    ...rest,
    limits,
    run: async (message, context) => ({
      source: await source(message as unknown as UiChatMessage, context),
      key: await keyOfChat(message.id as string, context.principal),
      ifRunning: 'cancel',
      onDisconnect,
      ...(retentionMs !== undefined && { retentionMs }),
    }),
  })
  return openHandler(resolved, chatDialect(wire))
}
