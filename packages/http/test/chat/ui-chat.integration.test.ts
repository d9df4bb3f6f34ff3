import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createMemoryStore, createSluice, type Sluice } from '@sluice/core'
import { createUiChat } from '@sluice/http/ai-sdk'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { afterEach, describe, expect, test } from 'vitest'

import { ToldModel } from '../rig/told-model.ts'

const PROMPT: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** An instance; those of one store are instances of one service. */
async function serve(model: ToldModel, sluice: Sluice = createSluice()): Promise<string> {
  const chat = createUiChat({
    sluice,
    identify: () => ({ owner: 'ada' }),
    source: ({ id }) => model.source(id),
    onError: (error) => console.error(error),
  })
  const server = createServer((request, response) => {
    const mount = '/api/chat'
    void chat.handle(toHttpRequest(request, response, { mount })).then((plan) => sendPlan(response, plan))
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/chat`
}

const transportTo = (api: string): DefaultChatTransport<UIMessage> => new DefaultChatTransport({ api })

function send(api: string, abortSignal?: AbortSignal): Promise<ReadableStream<UIMessageChunk>> {
  const options = { chatId: 'c/1', messages: [PROMPT], messageId: undefined, abortSignal }
  return transportTo(api).sendMessages({ ...options, trigger: 'submit-message' })
}

async function messageOf(stream: ReadableStream<UIMessageChunk>): Promise<UIMessage | undefined> {
  let last: UIMessage | undefined
  for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message
  return last
}

/** Reads until the message has so much text, and leaves. */
async function readUntil(stream: ReadableStream<UIMessageChunk>, text: string): Promise<UIMessage> {
  for await (const message of readUIMessageStream({ stream })) {
    if (textOf(message) === text) return message
  }
  throw new Error(`The stream ended before "${text}".`)
}

function textOf(message: UIMessage | undefined): string {
  return message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
}

describe('the AI SDK’s own transport', () => {
  test('reads an answer', async () => {
    const model = new ToldModel()
    const api = await serve(model)
    model.say('Call', ' me', ' Ishmael.', undefined)
    expect(textOf(await messageOf(await send(api)))).toBe('Call me Ishmael.')
  })

  test('leaves and comes back to the same message, from its beginning, while the model goes on', async () => {
    const model = new ToldModel()
    const api = await serve(model)
    const leaving = new AbortController()
    const first = await send(api, leaving.signal)
    model.say('Call')
    const before = await readUntil(first, 'Call')
    leaving.abort()
    const again = (await transportTo(api).reconnectToStream({ chatId: 'c/1' }))!
    model.say(' me.', undefined)
    const after = await messageOf(again)
    expect([after?.id, textOf(after)]).toEqual([before.id, 'Call me.'])
    expect(model.stopped).toEqual([])
  })

  test('has nothing to come back to where nothing runs, or ever ran', async () => {
    const model = new ToldModel()
    const api = await serve(model)
    expect(await transportTo(api).reconnectToStream({ chatId: 'c/1' })).toBeNull()
    model.say('Hi.', undefined)
    await messageOf(await send(api))
    expect(await transportTo(api).reconnectToStream({ chatId: 'c/1' })).toBeNull()
  })

  test('a stop on another instance stops the model, and the page is told', async () => {
    const model = new ToldModel()
    const store = createMemoryStore()
    const [api, other] = [await serve(model, createSluice({ store })), await serve(model, createSluice({ store }))]
    const chunks: UIMessageChunk['type'][] = []
    const stream = await send(api)
    model.say('Call')
    for await (const chunk of stream) {
      chunks.push(chunk.type)
      if (chunk.type === 'text-delta') {
        expect((await fetch(`${other}/${encodeURIComponent('c/1')}/stop`, { method: 'POST' })).status).toBe(204)
      }
    }
    expect(chunks.slice(-2)).toEqual(['text-end', 'abort'])
    expect(model.stopped).toEqual(['c/1'])
    expect((await fetch(`${api}/none/stop`, { method: 'POST' })).status).toBe(204)
  })

  test('a new message of the chat replaces the answer that runs', async () => {
    const model = new ToldModel()
    const api = await serve(model)
    const first = await send(api)
    model.say('Call')
    await readUntil(first, 'Call')
    const second = send(api)
    await expect.poll(() => model.stopped).toEqual(['c/1'])
    model.say('New.', undefined)
    expect(textOf(await messageOf(await second))).toBe('New.')
  })
})

test.each([
  ['a GET of the chat', '', { method: 'GET' }, 405],
  ['a body that is none', '', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 400],
  ['a body that is no JSON type', '', { method: 'POST', body: '{}' }, 415],
  ['another path', '/x/y/z', { method: 'GET' }, 404],
  ['a stop of a page elsewhere', '/x/stop', { method: 'POST', headers: { origin: 'https://evil.example' } }, 403],
  ['a POST of the stream', '/x/stream', { method: 'POST' }, 405],
])('%s is refused', async (_what, path, init, status) => {
  const response = await fetch((await serve(new ToldModel())) + path, init)
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
})

test('whoever is nobody is refused before anything is looked at', async () => {
  const chat = createUiChat({
    sluice: createSluice(),
    identify: () => undefined,
    source: () => () => [],
  })
  const request = { method: 'GET', path: '/c/stream', query: new URLSearchParams(), header: () => undefined } as never
  expect((await chat.handle(request)).status).toBe(401)
})
