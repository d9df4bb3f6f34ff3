import { randomUUID } from 'node:crypto'

import OpenAI, { APIConnectionError, APIError } from 'openai'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_GATEWAY_OPTIONS, startGateway } from '@sluice/gateway'
import { chunk, DONE, type Exchange, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage
let client: OpenAI

beforeAll(async () => {
  stage = await startStage()
  client = new OpenAI({ apiKey: 'x', baseURL: stage.api, maxRetries: 0 })
})
afterAll(() => stage[Symbol.asyncDispose]())

/** A behaviour that streams these pieces, each in a packet of its own, and ends. */
function answering(...pieces: (string | Uint8Array)[]): string {
  const { model } = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(...pieces)
    exchange.response.end()
  })
  return model
}

async function chunksOf(model: string, more: object = {}): Promise<ChatCompletionChunk[]> {
  const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true, ...more })
  return listOf(stream)
}

async function listOf(stream: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const each of stream) chunks.push(each)
  return chunks
}

function contentOf(chunks: readonly ChatCompletionChunk[], index = 0): string {
  const choices = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index)
  return choices.map(({ delta }) => delta.content ?? '').join('')
}

async function failureOf(work: Promise<unknown>): Promise<InstanceType<typeof APIError>> {
  const error: unknown = await work.then(
    () => new Error('It did not fail'),
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(APIError)
  return error as InstanceType<typeof APIError>
}

const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }
const USAGE_CHUNK = `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: USAGE })}\n\n`
const ROLE = chunk({ role: 'assistant', content: '' })
const STOP = chunk({}, { finish: 'stop' })

describe('streaming', () => {
  test('gives text, then the usage that was asked for, last', async () => {
    const model = answering(ROLE, chunk({ content: 'Hello' }), chunk({ content: ' world' }), STOP, USAGE_CHUNK, DONE)
    const chunks = await chunksOf(model, { stream_options: { include_usage: true } })
    expect(contentOf(chunks)).toBe('Hello world')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: USAGE })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    expect(chunks.find(({ choices }) => choices[0]?.finish_reason)?.choices[0]?.finish_reason).toBe('stop')
    expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size).toBe(1)
    expect(chunks[0]?.id).toMatch(/^chatcmpl-./)
  })

  test('gives no usage where none was asked for', async () => {
    const chunks = await chunksOf(answering(ROLE, chunk({ content: 'a' }), STOP, USAGE_CHUNK, DONE))
    expect(chunks.every(({ usage }) => !usage)).toBe(true)
    expect(chunks.every(({ choices }) => choices.length === 1)).toBe(true)
  })

  test('gives tool calls', async () => {
    const calls = [
      { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } },
      { index: 0, function: { arguments: '{"city":' } },
      { index: 0, function: { arguments: '"Köln"}' } },
      { index: 1, id: 'call_2', type: 'function', function: { name: 'time', arguments: '{}' } },
    ]
    const model = answering(
      ROLE,
      ...calls.map((call) => chunk({ tool_calls: [call] })),
      chunk({}, { finish: 'tool_calls' }),
      DONE,
    )
    const final = await client.chat.completions.stream({ model, messages: MESSAGES }).finalChatCompletion()
    expect(final.choices[0]?.finish_reason).toBe('tool_calls')
    expect(final.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Köln"}' } },
      { id: 'call_2', type: 'function', function: { name: 'time', arguments: '{}' } },
    ])
  })

  test('gives two choices', async () => {
    const model = answering(
      ...[0, 1].map((index) => chunk({ role: 'assistant', content: '' }, { index })),
      chunk({ content: 'left' }, { index: 0 }),
      chunk({ content: 'right' }, { index: 1 }),
      chunk({ content: ' on' }, { index: 0 }),
      chunk({}, { index: 1, finish: 'length' }),
      chunk({}, { index: 0, finish: 'stop' }),
      DONE,
    )
    const chunks = await chunksOf(model, { n: 2 })
    expect([contentOf(chunks, 0), contentOf(chunks, 1)]).toEqual(['left on', 'right'])
    const final = await client.chat.completions.stream({ model, messages: MESSAGES, n: 2 }).finalChatCompletion()
    expect(final.choices.map(({ finish_reason }) => finish_reason)).toEqual(['stop', 'length'])
  })

  test('passes refusals and reasoning through', async () => {
    const model = answering(
      ROLE,
      chunk({ reasoning_content: 'think' }),
      chunk({ reasoning_content: 'ing' }),
      chunk({ refusal: 'I can' }),
      chunk({ refusal: 'not' }),
      STOP,
      DONE,
    )
    const deltas = (await chunksOf(model)).map(
      ({ choices }) => choices[0]?.delta as { refusal?: string; reasoning_content?: string },
    )
    expect(deltas.map(({ reasoning_content }) => reasoning_content ?? '').join('')).toBe('thinking')
    expect(deltas.map(({ refusal }) => refusal ?? '').join('')).toBe('I cannot')
  })

  test('satisfies the helper', async () => {
    const model = answering(ROLE, chunk({ content: 'Hel' }), chunk({ content: 'lo' }), STOP, USAGE_CHUNK, DONE)
    const stream = client.chat.completions.stream({
      model,
      messages: MESSAGES,
      stream_options: { include_usage: true },
    })
    const seen: string[] = []
    stream.on('content', (delta) => seen.push(delta))
    expect(await stream.finalContent()).toBe('Hello')
    expect(await stream.totalUsage()).toMatchObject(USAGE)
    expect(seen.join('')).toBe('Hello')
  })

  test('is one answer of the backend for each request', async () => {
    const behaviour = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(ROLE, chunk({ content: 'a' }), STOP, DONE)
      exchange.response.end()
    })
    await chunksOf(behaviour.model)
    await chunksOf(behaviour.model)
    expect(behaviour.exchanges).toHaveLength(2)
  })
})

describe('one body', () => {
  test('holds what the stream held', async () => {
    const model = answering(ROLE, chunk({ content: 'Hello' }), chunk({ content: ' world' }), STOP, USAGE_CHUNK, DONE)
    const { data, response } = await client.chat.completions.create({ model, messages: MESSAGES }).withResponse()
    expect(data).toMatchObject({ object: 'chat.completion', usage: USAGE })
    expect(data.choices).toMatchObject([
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello world' } },
    ])
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(data.id).toBe(`chatcmpl-${response.headers.get('sluice-stream-id')}`)
  })

  test('is an error when the backend fails in the middle', async () => {
    const model = answering(ROLE, chunk({ content: 'half' }), 'data: {"error":{"message":"boom","code":"x"}}\n\n')
    const error = await failureOf(client.chat.completions.create({ model, messages: MESSAGES }))
    expect(error).toMatchObject({ status: 502, code: 'x' })
    expect(error.message).toContain('boom')
  })
})

describe('text', () => {
  const TRICKY = [
    ['carriage returns and line feeds', 'a\rb\nc\r\nd\n\n\r\r'],
    ['what SSE is made of', 'data: x\n\nevent: end\r\nid: 9\n\n: c\n\ndata: [DONE]\n\n[DONE]'],
    ['line separators that are none in SSE', '\u2028\u2029\u0085\u000b\u000c'],
    ['NUL and other controls', 'a\0b\u0001\u001b[31m\u007f'],
    ['joined emoji', '👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪 1️⃣'],
    ['right-to-left', 'مرحبا \u202eRTL\u202c שלום \u2067מ\u2069'],
    ['CJK beyond the basic plane', '你好，世界。𠮷野家 日本語 한국어'],
    ['combining marks and byte order marks', 'e\u0301 Z\u0351\u036b\ufeff\ufffe नमस्ते'],
    ['JSON in text', '"\\\\" \\u0000 {"a":[1]} </script>'],
  ] as const

  test.each(TRICKY)('keeps %s, byte for byte, however it is cut into packets', async (_, text) => {
    const tokens = Array.from(text)
    const whole = Buffer.from([ROLE, ...tokens.map((content) => chunk({ content })), STOP, DONE].join(''))
    const model = answering(
      ...Array.from({ length: Math.ceil(whole.length / 3) }, (_, i) => whole.subarray(3 * i, 3 * i + 3)),
    )
    const got = contentOf(await chunksOf(model))
    expect(Buffer.from(got).equals(Buffer.from(text))).toBe(true)
  })

  test('is cut anywhere by the network: every byte may come alone', async () => {
    const text = TRICKY.map(([, each]) => each).join('')
    const bytes = Buffer.from([ROLE, chunk({ content: text }), STOP, DONE].join(''))
    const model = answering(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)))
    expect(contentOf(await chunksOf(model))).toBe(text)
  })

  test('joins surrogates that came in two tokens, and replaces those that stay alone', async () => {
    const escaped = (units: string): string => chunk({ content: '?' }).replace('"?"', `"${units}"`)
    const pieces = ['a\\ud83d', '\\ude00b', '\\ud83d', 'c', '\\ude00', 'd\\ud800']
    const got = contentOf(await chunksOf(answering(ROLE, ...pieces.map(escaped), STOP, DONE)))
    expect(got).toBe('a😀b\ufffdc\ufffdd\ufffd')
  })
})

test('what sluice does not know reaches the backend, and what is meant for it does not', async () => {
  const behaviour = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(ROLE, STOP, DONE)
    exchange.response.end()
  })
  const unknown = { made_up: { deep: [1, null, '\u2028'] }, top_k: 40, background: true, metadata: { a: 'b' } }
  const ours = { key: randomUUID(), ifRunning: 'attach', onDisconnect: 'cancel', meta: { chat: 7 } }
  await chunksOf(behaviour.model, { ...unknown, sluice: { ...ours, ids: true, maxDelayMs: 20, maxTokens: 8 } })
  const { body, headers, path } = await behaviour.first
  expect(path).toBe('/v1/chat/completions')
  expect(body).toEqual({
    model: behaviour.model,
    messages: MESSAGES,
    stream: true,
    stream_options: { include_usage: true },
    ...unknown,
  })
  expect(headers.authorization).toBeUndefined()
})

test('a name that is not known in what is meant for sluice is a 400 in OpenAI\u2019s words, and asks nothing of the backend', async () => {
  const behaviour = stage.behave(() => {})
  const error = await failureOf(chunksOf(behaviour.model, { sluice: { maxDelay: 20 } }))
  expect(error).toBeInstanceOf(OpenAI.BadRequestError)
  expect(error.message).toContain('known are: key, ifRunning, onDisconnect, meta, ids, maxDelayMs, maxTokens.')
  expect(behaviour.exchanges).toEqual([])
})

describe('a refusal of the backend', () => {
  const refusing = (status: number, error: object, headers: Record<string, string> = {}): string =>
    stage.behave(({ response }: Exchange) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }))
    }).model

  test.each([
    [400, OpenAI.BadRequestError, 'invalid_request_error'],
    [401, OpenAI.AuthenticationError, 'invalid_request_error'],
    [429, OpenAI.RateLimitError, 'tokens'],
    [500, OpenAI.InternalServerError, 'server_error'],
    [503, OpenAI.InternalServerError, 'server_error'],
  ] as const)('%i reaches the client as such, with its own body', async (status, kind, type) => {
    const own = { message: `the backend says ${status}`, type, param: 'messages', code: `own_${status}` }
    for (const stream of [true, false]) {
      const model = refusing(status, own, { 'retry-after': '7' })
      const error = await failureOf(client.chat.completions.create({ model, messages: MESSAGES, stream }))
      expect(error).toBeInstanceOf(kind)
      expect(error.error).toEqual(own)
      expect(error.headers?.get('retry-after')).toBe('7')
    }
  })

  test('429 is waited out by a client that retries', async () => {
    let calls = 0
    const { model } = stage.behave(async (exchange) => {
      if (++calls === 1) {
        exchange.response.writeHead(429, { 'content-type': 'application/json', 'retry-after-ms': '20' })
        return exchange.response.end('{"error":{"message":"slow down"}}')
      }
      exchange.stream()
      await exchange.send(ROLE, chunk({ content: 'at last' }), STOP, DONE)
      return exchange.response.end()
    })
    const retrying = new OpenAI({ apiKey: 'x', baseURL: stage.api, maxRetries: 1 })
    const stream = await retrying.chat.completions.create({ model, messages: MESSAGES, stream: true })
    expect(contentOf(await listOf(stream))).toBe('at last')
    expect(calls).toBe(2)
  })

  test('no answer at all is a 502', async () => {
    await using gateway = await deadGateway()
    const lost = new OpenAI({ apiKey: 'x', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    const error = await failureOf(lost.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true }))
    expect(error).not.toBeInstanceOf(APIConnectionError)
    expect(error).toMatchObject({ status: 502, code: 'SLUICE_ERR_BACKEND', type: 'server_error' })
  })
})

describe('a failure in the middle', () => {
  test.each([
    ['data: {"error":{"message":"boom","type":"server_error","param":null,"code":"overloaded"}}\n\n', 'overloaded'],
    ['event: error\ndata: {"message":"boom","type":"server_error","param":null,"code":"overloaded"}\n\n', 'overloaded'],
    ['', 'SLUICE_ERR_BACKEND'],
    ['data: {"choices":[{"del', 'SLUICE_ERR_BACKEND'],
  ])('raises in the client, after the text before it (%#)', async (last, code) => {
    const model = answering(ROLE, chunk({ content: 'half' }), last)
    const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true })
    const got: ChatCompletionChunk[] = []
    const error = await failureOf(
      (async () => {
        for await (const each of stream) got.push(each)
      })(),
    )
    expect(contentOf(got)).toBe('half')
    expect(error.code).toBe(code)
  })

  test('raises when the backend ended its body before it finished, and not when it only never said [DONE]', async () => {
    const error = await failureOf(chunksOf(answering(ROLE, chunk({ content: 'half' }))))
    expect(error.code).toBe('SLUICE_ERR_BACKEND')
    expect(contentOf(await chunksOf(answering(ROLE, chunk({ content: 'whole' }), STOP)))).toBe('whole')
  })
})

/** A gateway whose backend's port is closed. */
async function deadGateway(): Promise<{ url: string } & AsyncDisposable> {
  const options = { ...DEFAULT_GATEWAY_OPTIONS, port: 0, upstream: 'http://127.0.0.1:9', drainMs: 0 }
  const gateway = await startGateway(options)
  return { url: gateway.url, [Symbol.asyncDispose]: () => gateway.close() }
}
