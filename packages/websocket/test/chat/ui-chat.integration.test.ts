import { once } from 'node:events'

import { createMemoryStore, createSluice, immediate } from '@sluice/core'
import { DefaultChatTransport, type UIMessage, WebSocketChatTransport } from 'ai'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { CHAT_SUBPROTOCOL } from '@sluice/websocket/ai-sdk'

import { ToldModel } from './told-model.ts'
import { type ChatServer, messageOf, send, serveChats, textOf, untilText } from './ui-chat-rig.ts'

const opened: AsyncDisposable[] = []
const transports: { close(): void }[] = []

afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close()
  for (const server of opened.splice(0)) await server[Symbol.asyncDispose]()
})

async function serve(...given: Parameters<typeof serveChats>): Promise<ChatServer> {
  const server = await serveChats(...given)
  opened.push(server)
  return server
}

function transportTo({ url }: ChatServer, more: object = {}): WebSocketChatTransport<UIMessage> {
  const transport = new WebSocketChatTransport<UIMessage>({ url, ...more })
  transports.push(transport)
  return transport
}

describe('the AI SDK’s WebSocketChatTransport', () => {
  test('reads answers of several chats over one socket', async () => {
    const models = [new ToldModel(), new ToldModel()]
    const both = new ToldModel()
    both.sourceFor = (chat) => models[Number(chat)]!.sourceFor(chat)
    const transport = transportTo(await serve(both))
    const streams = await Promise.all([send(transport, { chatId: '0' }), send(transport, { chatId: '1' })])
    models[1]!.say('Call', ' me.', undefined)
    models[0]!.say('In the', ' beginning.', undefined)
    const messages = await Promise.all(streams.map(messageOf))
    expect(messages.map(textOf)).toEqual(['In the beginning.', 'Call me.'])
    expect(new Set(messages.map((message) => message?.id)).size).toBe(2)
  })

  test('contract 9: a page that leaves comes back to the same message, from its beginning, while the model goes on', async () => {
    const model = new ToldModel()
    const server = await serve(model)
    const leaving = transportTo(server)
    const first = await send(leaving)
    model.say('Call')
    const before = await untilText(first, 'Call')
    leaving.close()
    const again = await transportTo(server).reconnectToStream({ chatId: 'c/1' })
    model.say(' me.', undefined)
    const after = await messageOf(again)
    expect([after?.id, textOf(after)]).toEqual([before.id, 'Call me.'])
    expect(model.stopped).toEqual([])
  })

  test('contract 8: a stop stops the model, also at another instance and of an answer that was come back to', async () => {
    const model = new ToldModel()
    const store = createMemoryStore()
    const here = await serve(model, createSluice({ store }))
    const there = await serve(model, createSluice({ store }))
    const first = await send(transportTo(here))
    model.say('Call')
    await untilText(first, 'Call')
    const stopping = new AbortController()
    const resumed = await transportTo(there).reconnectToStream({ chatId: 'c/1', abortSignal: stopping.signal })
    await untilText(resumed!, 'Call')
    stopping.abort()
    await expect.poll(() => model.stopped).toEqual(['c/1'])
  })

  test('has nothing to come back to where nothing runs, or ever ran', async () => {
    const model = new ToldModel()
    const transport = transportTo(await serve(model))
    expect(await transport.reconnectToStream({ chatId: 'c/1' })).toBeNull()
    model.say('Hi.', undefined)
    expect(textOf(await messageOf(await send(transport)))).toBe('Hi.')
    expect(await transport.reconnectToStream({ chatId: 'c/1' })).toBeNull()
  })

  test('contract 2: is told of an answer that failed', async () => {
    const model = new ToldModel()
    const transport = transportTo(await serve(model))
    const stream = await send(transport)
    model.say('half', new Error('boom'))
    await expect(messageOf(stream)).rejects.toThrow('source')
  })

  test('contract 1: has the whole message, wherever its socket broke before, and never half of one for a whole', async () => {
    const words = ['a', ' b', ' c', ' d']
    // The message, its step and its text begin with a frame each.
    const frames = 3 + words.length
    for (let cutAfter = 1; cutAfter <= frames; cutAfter++) {
      const model = new ToldModel()
      const server = await serve(model, createSluice({ reader: { chunking: immediate() } }))
      const stream = await send(transportTo(server, { webSocket: cutting(cutAfter) }))
      const left = [...words]
      model.say(left.shift())
      // The next word when the last has arrived: each has a frame of its own.
      const reading = (async () => {
        for await (const { type } of stream) if (type === 'text-delta' && left.length > 0) model.say(left.shift())
      })()
      await expect(reading, `after ${cutAfter} frames`).rejects.toThrow('connection closed')
      const again = await transportTo(server).reconnectToStream({ chatId: 'c/1' })
      model.say(...left, undefined)
      expect(textOf(await messageOf(again))).toBe('a b c d')
    }
  })

  test('a chat that began over a socket is gone on with over HTTP', async () => {
    const model = new ToldModel()
    const server = await serve(model)
    const first = await send(transportTo(server))
    model.say('Call')
    const before = await untilText(first, 'Call')
    const again = await new DefaultChatTransport({ api: server.http }).reconnectToStream({ chatId: 'c/1' })
    model.say(' me.', undefined)
    const after = await messageOf(again)
    expect([after?.id, textOf(after)]).toEqual([before.id, 'Call me.'])
  })

  test('contract 12: shows a token beside its subprotocol; without one, or with another subprotocol, there is no socket', async () => {
    const model = new ToldModel()
    const server = await serve(model, createSluice(), (_, { bearer }) =>
      bearer === 'key-of-ada' ? { owner: 'ada' } : undefined,
    )
    model.say('Hi.', undefined)
    const known = transportTo(server, { protocols: [CHAT_SUBPROTOCOL, 'bearer.key-of-ada'] })
    expect(textOf(await messageOf(await send(known)))).toBe('Hi.')
    for (const protocols of [undefined, ['sluice.v1', 'bearer.key-of-ada']]) {
      await expect(send(transportTo(server, { protocols }))).rejects.toThrow('WebSocket')
    }
  })

  test('contract 12: a chat is its owner’s: another’s of the same id stands in nobody’s way, and is stopped by nobody else', async () => {
    const models = [new ToldModel(), new ToldModel()]
    const each = new ToldModel()
    let started = 0
    each.sourceFor = (chat) => models[started++]!.sourceFor(chat)
    const server = await serve(each, createSluice(), (_, { bearer }) => ({ owner: bearer ?? 'ada' }))
    const transportOf = (owner: string) => transportTo(server, { protocols: [CHAT_SUBPROTOCOL, `bearer.${owner}`] })
    const [ada, grace] = [transportOf('ada'), transportOf('grace')]
    const first = await send(ada)
    await expect.poll(() => started).toBe(1)
    expect(await grace.reconnectToStream({ chatId: 'c/1' })).toBeNull()
    const stopping = new AbortController()
    await send(grace, { abortSignal: stopping.signal })
    await expect.poll(() => started).toBe(2)
    stopping.abort()
    await expect.poll(() => models[1]!.stopped).toEqual(['c/1'])
    models[0]!.say('Call me.', undefined)
    expect(textOf(await messageOf(first))).toBe('Call me.')
    expect(models[0]!.stopped).toEqual([])
  })

  test.each([
    ['half of a character', '{"type":"resume","requestId":"r1","id":"\\ud800"}'],
    ['no JSON', '{'],
    ['a type that is not known', '{"type":"start","ref":"1","body":{}}'],
    ['a message without a chat', '{"type":"send","requestId":"r1","messages":[]}'],
    ['a place to go on from', '{"type":"resume","requestId":"r1","id":"c","lastSequence":3}'],
  ])('closes the socket of who sends %s', async (_, frame) => {
    const socket = new WebSocket((await serve(new ToldModel())).url)
    await once(socket, 'open')
    socket.send(frame)
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([1008, 'SLUICE_ERR_REQUEST'])
  })
})

/** A socket that breaks once it has been sent so many frames. */
function cutting(after: number) {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols)
      let frames = 0
      this.on('message', () => {
        if (++frames === after) this.terminate()
      })
    }
  }
}
