import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Sluice } from '@sluice/core'
import { createUiChat } from '@sluice/http/ai-sdk'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { IdentifySocket } from '@sluice/websocket'
import { createUiChatHandler } from '@sluice/websocket/ai-sdk'
import { uiMessageStream } from '@sluice/wires/ai-sdk'
import { readUIMessageStream, type UIMessage, type UIMessageChunk, type WebSocketChatTransport } from 'ai'

import type { ToldModel } from './told-model.ts'

const PROMPT: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }
const AS = { owner: 'ada' }

/** A server of chats over WebSocket at any path, and over HTTP below `/api/chat`. */
export interface ChatServer extends AsyncDisposable {
  readonly url: string
  readonly http: string
}

/** Servers of one sluice's store are instances of one service. */
export async function serveChats(
  model: ToldModel,
  sluice: Sluice = createSluice(),
  identify: IdentifySocket = () => AS,
): Promise<ChatServer> {
  const options = { sluice, identify: () => AS }
  const handler = createUiChatHandler({
    ...options,
    identify,
    wire: uiMessageStream,
    source: ({ id }) => model.sourceFor(id),
  })
  const chat = createUiChat<IncomingMessage>({ ...options, source: ({ id }) => model.sourceFor(id) })
  const server = createServer((request, response) => {
    const plan = chat.handle(toHttpRequest(request, response, { mount: '/api/chat' }))
    void plan.then((ready) => sendPlan(response, ready))
  })
  server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}/`,
    http: `http://127.0.0.1:${port}/api/chat`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await handler.close()
    },
  }
}

type Transport = WebSocketChatTransport<UIMessage>

export function send(
  transport: Transport,
  { chatId = 'c/1', abortSignal }: { chatId?: string; abortSignal?: AbortSignal } = {},
): Promise<ReadableStream<UIMessageChunk>> {
  return transport.sendMessages({
    chatId,
    messages: [PROMPT],
    messageId: undefined,
    abortSignal,
    trigger: 'submit-message',
  })
}

export function textOf(message: UIMessage | undefined): string {
  return message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
}

/** The message when its stream is over; throws where that says that it failed. */
export async function messageOf(stream: ReadableStream<UIMessageChunk> | null): Promise<UIMessage | undefined> {
  let last: UIMessage | undefined
  for await (const message of readUIMessageStream({ stream: stream!, terminateOnError: true })) last = message
  return last
}

/** The message as soon as it has so much text. Goes on reading nothing. */
export async function untilText(stream: ReadableStream<UIMessageChunk>, text: string): Promise<UIMessage> {
  const messages = readUIMessageStream({ stream })[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await messages.next()
    if (done) throw new Error(`The stream ended before "${text}".`)
    if (textOf(value) === text) return value
  }
}
