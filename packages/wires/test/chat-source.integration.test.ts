import { setTimeout as sleep } from 'node:timers/promises'
import { isSluiceError, type SourceItem } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { chunk, DONE, type Exchange, startBackend } from './fake-backend.ts'
import { args, call, contextOf, eventsOf, itemsOf, readUntilError, text } from './reading.ts'

const BODY = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

function answers(...pieces: (string | Uint8Array)[]) {
  return async (exchange: Exchange): Promise<void> => {
    exchange.stream()
    await exchange.send(...pieces)
    exchange.response.end()
  }
}

async function readFailing(answer: (exchange: Exchange) => unknown) {
  await using backend = await startBackend(answer)
  return await readUntilError(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY }))
}

async function openingError(answer: (exchange: Exchange) => unknown): Promise<unknown> {
  const { events, error } = await readFailing(answer)
  expect(events).toEqual([])
  return error
}

describe('request', () => {
  test('asks for a stream with usage and passes everything else through', async () => {
    await using backend = await startBackend(answers(chunk({ content: 'a' }), DONE))
    const body = { ...BODY, stream: false, stream_options: { include_obfuscation: false }, made_up: { deep: [1] } }
    const source = openAiChatSource({
      baseUrl: `${backend.baseUrl}/`,
      apiKey: 'sk-1',
      headers: { 'X-Trace': 't', Accept: '*/*' },
      body,
    })
    await eventsOf(source)
    const exchange = await backend.first()
    expect(exchange.path).toBe('/v1/chat/completions')
    expect(exchange.headers).toMatchObject({
      authorization: 'Bearer sk-1',
      'x-trace': 't',
      accept: '*/*',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
    })
    expect(exchange.body).toEqual({
      ...body,
      stream: true,
      stream_options: { include_obfuscation: false, include_usage: true },
    })
  })

  test('uses one connection for one answer after the other', async () => {
    await using backend = await startBackend(answers(chunk({ content: 'a' }), DONE))
    const source = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })
    for (let turn = 0; turn < 3; turn++) {
      await eventsOf(source)
      await sleep(20)
    }
    expect(backend.connections).toBe(1)
  })
})

describe('one body instead of a stream', () => {
  test('is read as the events it stands for', async () => {
    const message = {
      role: 'assistant',
      content: 'hello',
      refusal: null,
      reasoning_content: 'hm',
      annotations: [],
      tool_calls: [
        { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'y', type: 'function', function: { name: 'g', arguments: '' } },
      ],
    }
    const body = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    }
    await using backend = await startBackend(({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
    })
    expect(await eventsOf(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY }))).toEqual([
      { type: 'reasoning', text: 'hm', extra: { openai: { delta: { annotations: [] } } } },
      text('hello'),
      call('x', 'f'),
      args('x', '{}'),
      call('y', 'g'),
      { type: 'finish', reason: 'tool_calls' },
      { type: 'usage', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } },
    ])
  })

  test('fails when it says so, whatever its status', async () => {
    const error = await openingError(({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"error":{"message":"no","code":429}}')
    })
    expect(error).toMatchObject({
      code: 'SLUICE_ERR_BACKEND',
      status: 429,
      extra: { error: { message: 'no', code: 429 } },
    })
  })
})

describe('failures before the stream', () => {
  test("throws the backend's status, wish for a retry and body", async () => {
    const own = { error: { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate' } }
    const error = await openingError(({ response }) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7', 'retry-after-ms': '1500' })
      response.end(JSON.stringify(own))
    })
    expect(isSluiceError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 429, retryAfterMs: 1500, extra: own })
    expect((error as Error).message).toContain('slow down')
  })

  test.each([
    ['3', 3000],
    [new Date(Date.now() + 60_000).toUTCString(), expect.toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)],
    ['-1', undefined],
    ['soon', undefined],
  ])('reads retry-after %s', async (wish, retryAfterMs) => {
    const error = await openingError(({ response }) => response.writeHead(503, { 'retry-after': wish }).end())
    expect(error).toMatchObject({ status: 503, extra: undefined })
    expect((error as { retryAfterMs?: number }).retryAfterMs).toEqual(retryAfterMs)
  })

  test('is a 502 when nobody answers', async () => {
    const gone = await startBackend(() => {})
    const { baseUrl } = gone
    await gone[Symbol.asyncDispose]()
    const { error } = await readUntilError(openAiChatSource({ baseUrl, body: BODY }))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502, cause: expect.any(Error) })
  })
})

describe('failures in the stream', () => {
  const first = chunk({ content: 'a' })
  const own = { message: 'boom', type: 'server_error', param: null, code: 'x' }

  test.each([
    [`data: ${JSON.stringify({ error: own })}\n\n`],
    [`event: error\ndata: ${JSON.stringify({ error: own })}\n\n`],
    [`event: error\ndata: ${JSON.stringify(own)}\n\n`],
  ])('throws the error the backend reports, after what came before it (%#)', async (line) => {
    const { events, error } = await readFailing(answers(first + chunk({ content: 'b' }) + line + DONE))
    expect(events).toEqual([text('a'), text('b')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502, extra: { error: own } })
  })

  test.each([
    ['ends without [DONE]', first],
    [
      'ends without [DONE] and one of its choices has not finished',
      first + chunk({ content: 'b' }, { index: 1 }) + chunk({}, { finish: 'stop' }),
    ],
    ['ends in the middle of [DONE]', `${first}${chunk({}, { finish: 'stop' })}data: [DON`],
    ['ends in the middle of a chunk after the finish', `${first}${chunk({}, { finish: 'stop' })}data: {"cho`],
    ['ends inside of a line', `${first}data: [DO`],
    ['sends what is not JSON', `${first}data: {"choices":[{"del\n\n${DONE}`],
    ['sends JSON that is no object', `${first}data: 1\n\n${DONE}`],
    ['gives up by finish reason', first + chunk({}, { finish: 'error' }) + DONE],
  ])('rule 2: fails when the backend %s', async (_, bytes) => {
    const { events, error } = await readFailing(answers(bytes))
    expect(events.slice(0, 1)).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502 })
  })

  test('rule 2: fails when the backend dies', async () => {
    const { events, error } = await readFailing(async (exchange) => {
      exchange.stream()
      await exchange.send(first)
      await sleep(20)
      exchange.die()
    })
    expect(events).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', cause: expect.any(Error) })
  })

  test('opens a call whose name was still awaited when the backend fails', async () => {
    const call0 = chunk({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f' } }] })
    const { events } = await readFailing(answers(`${call0}data: {"error":{"message":"m"}}\n\n`))
    expect(events).toEqual([call('x', 'f')])
  })

  test('does not wait for a backend that keeps its body open after [DONE]', async () => {
    await using backend = await startBackend(async (exchange) => {
      exchange.stream()
      await exchange.send(first, DONE)
    })
    const source = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })
    expect(await eventsOf(source)).toEqual([text('a')])
    await (
      await backend.first()
    ).closed
  })
})

describe('cancellation', () => {
  const hanging = async (exchange: Exchange): Promise<void> => {
    exchange.stream()
    await exchange.send(chunk({ content: 'a' }))
  }
  const soon = async (closed: Promise<void>): Promise<number> => {
    const began = performance.now()
    await closed
    return performance.now() - began
  }

  test('rule 8: an abort closes the connection at once, even while a read is outstanding', async () => {
    await using backend = await startBackend(hanging)
    const abort = new AbortController()
    const items = itemsOf(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY }), abort.signal)
    expect((await items.next()).value).toEqual(text('a'))
    const outstanding = items.next()
    const failed = outstanding.catch((error: unknown) => error)
    await sleep(10)
    abort.abort('enough')
    expect(await soon((await backend.first()).closed)).toBeLessThan(250)
    expect(await failed).toBe('enough')
  })

  test('rule 8: an abort closes the connection while the backend has not answered yet', async () => {
    await using backend = await startBackend(() => {})
    const abort = new AbortController()
    const opening = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })(contextOf(abort.signal))
    const failed = Promise.resolve(opening).catch((error: unknown) => error)
    const exchange = await backend.first()
    abort.abort('enough')
    expect(await soon(exchange.closed)).toBeLessThan(250)
    expect(await failed).toBe('enough')
  })

  test('rule 8: leaving the iteration closes the connection, even while a read is outstanding', async () => {
    await using backend = await startBackend(hanging)
    const source = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })
    const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem>
    const iterator = items[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toEqual(['a'])
    const outstanding = iterator.next()
    await iterator.return!()
    expect(await soon((await backend.first()).closed)).toBeLessThan(250)
    expect(await outstanding).toEqual({ done: true, value: undefined })
  })

  test('rule 14: leaves no listener on the signal', async () => {
    await using backend = await startBackend(answers(chunk({ content: 'a' }), DONE))
    const { signal } = new AbortController()
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    const listeners = new Set<unknown>()
    const fetchWithout: typeof fetch = (url, init) => fetch(url, { ...init, signal: null })
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      listeners.add(listener)
      listening++
      add(type, listener, options)
    }
    signal.removeEventListener = (type: string, listener: never) => {
      listeners.delete(listener)
      remove(type, listener)
    }
    await eventsOf(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY, fetch: fetchWithout }), signal)
    expect(listening).toBeGreaterThan(0)
    expect(listeners.size).toBe(0)
  })
})
