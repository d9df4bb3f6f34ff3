import Anthropic from '@anthropic-ai/sdk'
import { createSluice, type Source } from '@sluice/core'
import { until } from '@sluice/testing/patience'
import { anthropicMessages, fromAnthropic } from '@sluice/wires/anthropic'
import { fromOpenAI, openAiChat } from '@sluice/wires/openai'
import { openAiResponses } from '@sluice/wires/openai-responses'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { chunk, type Exchange, startBackend } from '../rig/fake-backend.ts'
import { mergedAnswer } from '../rig/merged-events.ts'
import { args, call, eventsOf, FACTS, STOP, text, writeOn } from '../rig/reading.ts'

const MESSAGES = [{ role: 'user' as const, content: 'hi' }]
const EVENTS = [text('a'), text('b'), call('x', 'f'), args('x', '{"a":1}'), { ...STOP, reason: 'tool_calls' as const }]
const ANSWER = [text('ab'), call('x', 'f'), args('x', '{"a":1}'), { type: 'finish', reason: 'tool_calls' }]

/** How each official client is asked for a stream, and what a backend says to it. */
const CLIENTS = {
  'chat completions': {
    bytes: writeOn(openAiChat, EVENTS),
    piece: (length: number) => chunk({ content: 'x'.repeat(length) }),
    source: (baseURL: string, signal?: AbortSignal): Source => {
      const client = new OpenAI({ apiKey: 'x', baseURL, maxRetries: 0 })
      return fromOpenAI(() =>
        client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true }, { signal }),
      )
    },
  },
  responses: {
    bytes: writeOn(openAiResponses, EVENTS),
    piece: (length: number) => pieceOf('response.output_text.delta', { output_index: 0, content_index: 0 }, length),
    source: (baseURL: string, signal?: AbortSignal): Source => {
      const client = new OpenAI({ apiKey: 'x', baseURL, maxRetries: 0 })
      return fromOpenAI(() => client.responses.create({ model: 'm', input: 'hi', stream: true }, { signal }))
    },
  },
  messages: {
    bytes: writeOn(anthropicMessages, EVENTS),
    piece: (length: number) =>
      `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x'.repeat(length) } })}\n\n`,
    source: (baseURL: string, signal?: AbortSignal): Source => {
      const client = new Anthropic({ apiKey: 'x', baseURL: baseURL.replace('/v1', ''), maxRetries: 0 })
      return fromAnthropic(() =>
        client.messages.create({ model: 'm', max_tokens: 9, messages: MESSAGES, stream: true }, { signal }),
      )
    },
  },
} as const

function pieceOf(type: string, members: object, length: number): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members, delta: 'x'.repeat(length) })}\n\n`
}

describe.each(Object.entries(CLIENTS))(
  'the official client’s stream of %s, as a source',
  (_, { bytes, piece, source }) => {
    test('says what the backend does, in one stream that any reader can join', async () => {
      await using backend = await startBackend(async (exchange) => {
        exchange.stream()
        await exchange.send(bytes)
        exchange.response.end()
      })
      expect(mergedAnswer(await eventsOf(source(backend.baseUrl)))).toEqual(ANSWER)
      const sluice = createSluice()
      const stream = await sluice.start(source(backend.baseUrl), { as: 'server', wire: { name: 'w', facts: FACTS } })
      const { events, end } = await stream.result()
      expect(mergedAnswer(events)).toEqual(ANSWER)
      expect(end).toMatchObject({ reason: 'tool_calls', complete: true })
    })

    test('contract 4: a cancel reaches its controller, and closes the connection', async () => {
      await using backend = await startBackend(async (exchange) => {
        exchange.stream()
        await exchange.send(piece(1))
      })
      const sluice = createSluice()
      const stream = await sluice.start(source(backend.baseUrl), { as: 'server' })
      for await (const event of stream) if (event.type === 'text' && event.text === 'x') break
      const exchange = await backend.first()
      expect(await stream.cancel()).toMatchObject({ reason: 'cancelled', complete: false })
      await exchange.closed
    })

    test('a stream that is cut, or refused, fails as a backend does', async () => {
      await using cutting = await startBackend(async (exchange) => {
        exchange.stream()
        await exchange.send(piece(1))
        exchange.response.end()
      })
      await expect(eventsOf(source(cutting.baseUrl))).rejects.toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502 })
      await using refusing = await startBackend(({ response }) => {
        const error = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }
        response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' }).end(JSON.stringify(error))
      })
      await expect(eventsOf(source(refusing.baseUrl))).rejects.toMatchObject({
        code: 'SLUICE_ERR_BACKEND',
        status: 429,
        retryAfterMs: 7_000,
        message: expect.stringContaining('slow down') as string,
      })
    })

    test('contract 5: what is not read is not taken from the socket, however much the backend has', async () => {
      const all = 4_000
      let written = 0
      await using backend = await startBackend(async (exchange: Exchange) => {
        exchange.stream()
        const { response } = exchange
        response.on('error', () => {})
        const line = piece(16_000)
        while (written < all && !response.destroyed) {
          written++
          if (!response.write(line))
            await Promise.race([new Promise((resolve) => response.once('drain', resolve)), exchange.closed])
        }
      })
      const sluice = createSluice()
      const options = { windowBytes: 16 * 1024, onDisconnect: 'continue' } as const
      const stream = await sluice.start(source(backend.baseUrl), { as: 'server', ...options })
      // It counts as a reader, and reads nothing.
      stream.hold()
      const { response } = await backend.first()
      await until(() => response.writableNeedDrain)
      // Buffers fill up for a while; then nothing moves any more, however often this process has its turn.
      for (let before = -1; before !== written;) {
        before = written
        for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate)
      }
      expect(written).toBeLessThan(all / 2)
      await stream.cancel()
    })
  },
)
