import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { SluiceChatTransport } from '@sluice/client/ai-sdk'
import { createSluice, type Source } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { createCuedSource, type CuedSource } from '../rig/cued-source.ts'

const QUESTION: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Who are you?' }] }

let server: Server
let streams: string
let source: Source
let chats = 0
const bodies: unknown[] = []
const answering = new Set<Socket>()

beforeAll(async () => {
  const resource = createStreamResource<IncomingMessage>({
    sluice: createSluice(),
    identify: ({ headers }) => (headers.authorization === 'Bearer ada' ? { owner: 'ada' } : undefined),
    runner(body) {
      bodies.push(body)
      return (context) => source(context)
    },
  })
  server = createServer((request, response) => {
    answering.add(request.socket)
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  streams = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/streams`
})
afterAll(() => {
  server?.closeAllConnections()
  server?.close()
})
beforeEach(() => {
  chats++
  answering.clear()
  bodies.length = 0
})

const createTransport = (): SluiceChatTransport =>
  new SluiceChatTransport({
    streams,
    authorize: () => ({ authorization: 'Bearer ada' }),
    resume: { baseMs: 1, capMs: 10 },
  })

function send(transport: SluiceChatTransport, abortSignal?: AbortSignal): Promise<ReadableStream<UIMessageChunk>> {
  const asked = { chatId: `chat-${chats}`, messages: [QUESTION], messageId: undefined, abortSignal }
  return transport.sendMessages({ ...asked, trigger: 'submit-message', body: { model: 'm' } })
}

/** What is started next says this, and then what it is told to. */
function sayFirst(first: string): CuedSource {
  const cued = createCuedSource()
  source = cued.source
  cued.say(first)
  return cued
}

const textOf = ({ parts }: UIMessage): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

test('contract 1: a connection that is cut is gone on with after its last event: nothing is told twice', async () => {
  const cued = sayFirst('Call me ')
  const chunks: UIMessageChunk[] = []
  for await (const chunk of await send(createTransport())) {
    chunks.push(chunk)
    if (chunk.type !== 'text-delta' || chunk.delta !== 'Call me ') continue
    for (const socket of answering) socket.resetAndDestroy()
    cued.say('Ishmael.')
    cued.finish()
  }
  expect(chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : chunk.type))).toEqual([
    'start',
    'start-step',
    'text-start',
    'Call me ',
    'Ishmael.',
    'text-end',
    'finish-step',
    'finish',
  ])
  expect(cued.started).toBe(1)
  expect(bodies).toEqual([{ model: 'm', id: `chat-${chats}`, messages: [QUESTION], trigger: 'submit-message' }])
})

test('contract 8: an aborted request stops the model', async () => {
  const cued = sayFirst('Call me ')
  const leaving = new AbortController()
  const reader = (await send(createTransport(), leaving.signal)).getReader()
  while ((await reader.read()).value?.type !== 'text-delta');
  leaving.abort()
  await expect.poll(() => cued.aborted).toBe(true)
})

test('a page that is loaded again goes on with the same message while it runs, and finds nothing then', async () => {
  const cued = sayFirst('Call me ')
  const transport = createTransport()
  expect(await transport.reconnectToStream({ chatId: `chat-${chats}` })).toBeNull()
  const first = await send(transport)
  let before: UIMessage | undefined
  for await (const message of readUIMessageStream({ stream: first })) {
    before = message
    if (textOf(message) === 'Call me ') break
  }
  const again = await createTransport().reconnectToStream({ chatId: `chat-${chats}` })
  cued.say('Ishmael.')
  cued.finish()
  let after: UIMessage | undefined
  for await (const message of readUIMessageStream({ stream: again! })) after = message
  expect([after?.id, textOf(after!)]).toEqual([before!.id, 'Call me Ishmael.'])
  expect(await transport.reconnectToStream({ chatId: `chat-${chats}` })).toBeNull()
  expect(cued).toMatchObject({ started: 1, aborted: false })
})

test('contract 8: a stop before the server has said anything stops the model all the same', async () => {
  const begun = Promise.withResolvers<AbortSignal>()
  const opened = Promise.withResolvers<string[]>()
  source = ({ signal }) => {
    begun.resolve(signal)
    return opened.promise
  }
  const leaving = new AbortController()
  const reader = (await send(createTransport(), leaving.signal)).getReader()
  const reading = reader.read()
  const signal = await begun.promise
  leaving.abort()
  // As the AI SDK does it: who is aborted cancels what it reads.
  await reader.cancel()
  await reading
  await expect.poll(() => signal.aborted).toBe(true)
  opened.resolve([])
})

test('contract 8: a stop after a reload stops the model; a chat that is looked for once more does not', async () => {
  const cued = sayFirst('Call me ')
  const transport = createTransport()
  await send(transport)
  await expect.poll(() => cued.started).toBe(1)
  const chatId = `chat-${chats}`
  const first = new AbortController()
  const found = await transport.reconnectToStream({ chatId, abortSignal: first.signal })
  // As the AI SDK does it, where an effect of React runs twice.
  first.abort()
  const again = new AbortController()
  const finding = transport.reconnectToStream({ chatId, abortSignal: again.signal })
  await found!.cancel()
  const reader = (await finding)!.getReader()
  while ((await reader.read()).value?.type !== 'text-delta');
  cued.say('Ishmael.')
  expect((await reader.read()).value).toMatchObject({ delta: 'Ishmael.' })
  expect(cued.aborted).toBe(false)
  again.abort()
  await expect.poll(() => cued.aborted).toBe(true)
})

test('a stranger is told so, and is not taken for somebody without a stream', async () => {
  source = () => []
  const stranger = new SluiceChatTransport({ streams })
  const reader = (
    await stranger.sendMessages({
      chatId: 'c',
      messages: [],
      messageId: undefined,
      abortSignal: undefined,
      trigger: 'submit-message',
    })
  ).getReader()
  await expect(reader.read()).rejects.toMatchObject({ code: 'SLUICE_ERR_UNAUTHORIZED' })
})
