import { DEFAULT_GATEWAY_OPTIONS, startGateway } from '@sluice/gateway'
import OpenAI, { APIConnectionError } from 'openai'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChatStage, contentOf, failureOf, listOf, ROLE, startChatStage, STOP } from '../../rig/chat-stage.ts'
import { chunk, DONE, type Exchange, MESSAGES } from '../../rig/stage.ts'

let stage: ChatStage

beforeAll(async () => {
  stage = await startChatStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

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
      const error = await failureOf(stage.client.chat.completions.create({ model, messages: MESSAGES, stream }))
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
    const model = stage.answering(ROLE, chunk({ content: 'half' }), last)
    const stream = await stage.client.chat.completions.create({ model, messages: MESSAGES, stream: true })
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
    const error = await failureOf(stage.chunksOf(stage.answering(ROLE, chunk({ content: 'half' }))))
    expect(error.code).toBe('SLUICE_ERR_BACKEND')
    expect(contentOf(await stage.chunksOf(stage.answering(ROLE, chunk({ content: 'whole' }), STOP)))).toBe('whole')
  })
})

/** A gateway whose backend's port is closed. */
async function deadGateway(): Promise<{ url: string } & AsyncDisposable> {
  const options = { ...DEFAULT_GATEWAY_OPTIONS, port: 0, upstream: 'http://127.0.0.1:9', drainMs: 0 }
  const gateway = await startGateway(options)
  return { url: gateway.url, [Symbol.asyncDispose]: () => gateway.close() }
}
