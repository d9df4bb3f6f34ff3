import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StreamEvent } from '@sluice/core'
import { openAiChat, toChatCompletion } from '@sluice/wires/openai'
import OpenAI, { APIError } from 'openai'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import { FACTS, listOf, startOf, STOP, STREAM_ID, toEntries, write } from './rig/reading.ts'

const REQUEST = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }

/** Serves `bytes` as the answer to every request, to an official client. */
async function serve(bytes: string): Promise<{ client: OpenAI } & AsyncDisposable> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': openAiChat.contentType })
    response.end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  return {
    client: new OpenAI({ apiKey: 'x', baseURL, maxRetries: 0 }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function chunksOf(bytes: string): Promise<ChatCompletionChunk[]> {
  await using served = await serve(bytes)
  return await listOf(await served.client.chat.completions.create({ ...REQUEST, stream: true }))
}

async function finalOf(bytes: string): Promise<OpenAI.Chat.Completions.ChatCompletion> {
  await using served = await serve(bytes)
  return await served.client.chat.completions.stream(REQUEST).finalChatCompletion()
}

/** What the helper says at its end, in the terms of a body: it leaves out what is null. */
async function expectSameFinal(events: StreamEvent[]): Promise<void> {
  const final = await finalOf(write(events))
  const body = toChatCompletion(FACTS, STREAM_ID, events)
  const plain = JSON.parse(JSON.stringify(final.choices)) as {
    message: { parsed?: unknown; tool_calls?: { function?: { parsed_arguments?: unknown } }[] }
  }[]
  for (const { message } of plain) {
    delete message.parsed
    for (const call of message.tool_calls ?? []) delete call.function?.parsed_arguments
  }
  expect(plain).toEqual(body.choices)
}

const CALLS: StreamEvent[] = [
  { type: 'tool', phase: 'call', id: 'x', name: 'f' },
  { type: 'tool', phase: 'args', id: 'x', text: '{"a":' },
  { type: 'tool', phase: 'args', id: 'x', text: '1}' },
  { type: 'tool', phase: 'call', id: 'y', name: 'g' },
  { type: 'tool', phase: 'args', id: 'y', text: '{}' },
  { type: 'end', reason: 'tool_calls', complete: true },
]

describe('the official client', () => {
  test('reads text, hostile characters included, and usage', async () => {
    const texts = ['Hel', 'lo\r\n', '\u2028', '👩‍👩‍👧', '"\\', 'data: [DONE]\n\n', '[DONE]']
    const events = texts.map((text): StreamEvent => ({ type: 'text', text }))
    const end: StreamEvent = { ...STOP, usage: { inputTokens: 3, outputTokens: 7, totalTokens: 10 } }
    await using served = await serve(write([...events, end], { ...FACTS, includeUsage: true }))
    const options = { ...REQUEST, stream: true as const, stream_options: { include_usage: true } }
    const chunks = await listOf(await served.client.chat.completions.create(options))
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(texts.join(''))
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 },
    })
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['chatcmpl-s1']))
  })

  test('reads a whole answer by its stream helper as the body that we would send', async () => {
    await expectSameFinal([{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }, STOP])
    await expectSameFinal([STOP])
  })

  test('reads several choices', async () => {
    await expectSameFinal([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'x', choice: 1 },
      { type: 'text', text: 'b' },
      { type: 'finish', reason: 'length', choice: 1 },
      STOP,
    ])
  })

  test('reads tool calls, with and without text before', async () => {
    await expectSameFinal(CALLS)
    await expectSameFinal([{ type: 'text', text: 'let me see' }, ...CALLS])
  })

  test('reads a refusal', async () => {
    await expectSameFinal([{ type: 'refusal', text: 'I ' }, { type: 'refusal', text: 'cannot' }, STOP])
  })

  test('reads reasoning beside the text', async () => {
    const events: StreamEvent[] = [
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'm' },
      { type: 'text', text: 'a' },
      STOP,
    ]
    const deltas = (await chunksOf(write(events))).map(
      (chunk) => chunk.choices[0]!.delta as { reasoning_content?: string },
    )
    expect(deltas.map((delta) => delta.reasoning_content ?? '').join('')).toBe('hm')
    expect((await finalOf(write(events))).choices[0]!.message.content).toBe('a')
  })

  test('reads log probabilities that passed through', async () => {
    const extra = (token: string) => ({
      openai: {
        choice: { logprobs: { content: [{ token, logprob: -1, bytes: [97], top_logprobs: [] }], refusal: null } },
      },
    })
    const final = await finalOf(
      write([{ type: 'text', text: 'a', extra: extra('a') }, { type: 'text', text: 'b', extra: extra('b') }, STOP]),
    )
    expect(final.choices[0]!.logprobs?.content?.map(({ token }) => token)).toEqual(['a', 'b'])
  })

  test('skips cursors, heartbeats and events that are not on this wire', async () => {
    const encoder = openAiChat.create(FACTS, { ids: true })
    const first = encoder.open(startOf('start'))
    const entries = toEntries([
      { type: 'data', name: 'progress', data: { step: 1 } },
      { type: 'text', text: 'a' },
      { type: 'tool', phase: 'result', id: 'x', result: {} },
      { type: 'usage', usage: { outputTokens: 1 } },
      STOP,
    ])
    const parts = entries.flatMap((entry) => [encoder.heartbeat(), encoder.encode([entry])])
    const bytes = [first, ...parts].join('')
    expect((await chunksOf(bytes)).map((chunk) => chunk.choices[0]!.delta.content)).toEqual(['a', undefined])
  })

  test('rule 2: raises an error for a stream that was cut', async () => {
    const own = { error: { message: 'boom', type: 'server_error', param: null, code: 'overloaded' } }
    const ends: [StreamEvent, object][] = [
      [
        { type: 'end', reason: 'cancelled', complete: false, cause: 'client' },
        { code: 'SLUICE_ERR_CANCELLED', type: 'cancelled_error' },
      ],
      [
        { type: 'end', reason: 'interrupted', complete: false },
        { code: 'SLUICE_ERR_INTERRUPTED', type: 'server_error' },
      ],
      [
        {
          type: 'end',
          reason: 'error',
          complete: false,
          error: { code: 'SLUICE_ERR_BACKEND', message: 'masked', extra: own },
        },
        { code: 'overloaded', message: 'boom' },
      ],
    ]
    for (const [end, expected] of ends) {
      const error = await chunksOf(write([{ type: 'text', text: 'a' }, end])).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(APIError)
      expect(error).toMatchObject(expected)
    }
  })

  test('rule 2: raises an error for a reading that was closed', async () => {
    const encoder = openAiChat.create(FACTS, { ids: true })
    const bytes = [
      encoder.open(startOf('start')),
      encoder.encode(toEntries([{ type: 'text', text: 'a' }])),
      encoder.closed({ type: 'closed', code: 'draining' }),
    ].join('')
    await expect(chunksOf(bytes)).rejects.toMatchObject({ code: 'draining' })
  })

  test('reads a stream from its middle on', async () => {
    const before: StreamEvent[] = [{ type: 'text', text: 'a' }, CALLS[0]!, CALLS[1]!]
    const encoder = openAiChat.create(FACTS, { ids: true })
    const entries = toEntries([...before, ...CALLS.slice(2)]).slice(before.length)
    const bytes = [encoder.open(startOf('middle', before)), encoder.encode(entries)].join('')
    const calls = (await finalOf(bytes)).choices[0]!.message.tool_calls
    expect(calls).toMatchObject([
      { id: 'x', function: { name: 'f', arguments: '1}' } },
      { id: 'y', function: { name: 'g', arguments: '{}' } },
    ])
  })
})
