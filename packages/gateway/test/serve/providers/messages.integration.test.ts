import Anthropic, { APIError } from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CHAT, listOf, type ProviderStage, RICH_CHAT, startProviderStage } from '../../rig/provider-stage.ts'
import { chunk, MESSAGES } from '../../rig/stage.ts'

let stage: ProviderStage

beforeAll(async () => {
  stage = await startProviderStage(['--auth', 'bearer'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const CONTENT = [
  { type: 'thinking', thinking: 'hm', signature: '' },
  { type: 'text', text: 'Let me see' },
  { type: 'tool_use', id: 'call_1', name: 'f', input: { a: 1 } },
  { type: 'tool_use', id: 'call_2', name: 'g', input: {} },
]
const USAGE = { input_tokens: 3, output_tokens: 5 }
const request = (model: string) => ({ model, max_tokens: 100, messages: MESSAGES })

async function failureOf(work: Promise<unknown>): Promise<APIError> {
  const error = await work.then(
    () => new Error('It did not fail'),
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(APIError)
  return error as APIError
}

describe('messages on a backend of chat completions, with the official client', () => {
  test('streams text, thinking, calls and usage, raw and by the helper, and answers in one piece with the same', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const raw = await listOf(await stage.anthropic.messages.create({ ...request(model), stream: true }))
    expect(raw[0]).toMatchObject({ type: 'message_start', message: { model, content: [] } })
    expect(raw.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: USAGE })
    const expected = { content: CONTENT, stop_reason: 'tool_use', usage: USAGE, role: 'assistant' }
    expect(await stage.anthropic.messages.stream(request(model)).finalMessage()).toMatchObject(expected)
    expect(await stage.anthropic.messages.create(request(model))).toMatchObject(expected)
  })

  test.each(['2023-06-01', '2026-10-21'])(
    'is asked by the client’s key, whichever version it speaks: %s',
    async (version) => {
      const { model, exchanges } = stage.answering(CHAT, ...RICH_CHAT)
      const headers = { 'anthropic-version': version }
      await stage.anthropic.messages.create({ ...request(model), system: 'Be brief.' }, { headers })
      const asked = exchanges.find(({ path }) => path === CHAT)!
      expect(asked.headers).toMatchObject({ authorization: 'Bearer x' })
      expect(asked.headers['x-api-key']).toBeUndefined()
      expect(asked.body).toMatchObject({
        max_tokens: 100,
        messages: [{ role: 'system', content: 'Be brief.' }, ...MESSAGES],
      })
    },
  )

  test('fails as the provider does: before the first word by a status, after it by an error event', async () => {
    const refusing = stage.onPath(CHAT, ({ response }) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' })
      response.end('{"error":{"message":"slow down","type":"rate","code":"rate_limit"}}')
    })
    const refused = await failureOf(stage.anthropic.messages.create({ ...request(refusing.model), stream: true }))
    expect(refused).toBeInstanceOf(Anthropic.RateLimitError)
    expect(refused).toMatchObject({ type: 'rate_limit_error', error: { type: 'error' } })
    expect(refused.headers?.get('retry-after')).toBe('7')
    const dying = stage.answering(CHAT, chunk({ content: 'a' }))
    const cut = await failureOf(stage.anthropic.messages.stream(request(dying.model)).finalMessage())
    expect(cut).toMatchObject({ type: 'api_error' })
    const tools = [{ type: 'web_search_20250305', name: 'web_search' }] as Anthropic.ToolUnion[]
    const asked = await failureOf(stage.anthropic.messages.create({ ...request(dying.model), tools }))
    expect(asked).toMatchObject({ status: 400, type: 'invalid_request_error' })
  })

  test('is refused to strangers in the provider’s words', async () => {
    const body = JSON.stringify(request('m'))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${stage.api}/messages`, { method: 'POST', headers, body })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
  })

  test('contract 4: a client that leaves closes the connection to the backend', async () => {
    const talking = stage.onPath(CHAT, async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'a' }))
    })
    const stream = stage.anthropic.messages.stream(request(talking.model))
    for await (const { type } of stream) if (type === 'content_block_delta') break
    await (
      await talking.first
    ).closed
  })

  test('passes on what is beside them, such as the counting of tokens, with the client’s key', async () => {
    const counting = stage.behave(({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":12}')
    })
    const counted = await stage.anthropic.messages.countTokens({ model: counting.model, messages: MESSAGES })
    expect(counted).toEqual({ input_tokens: 12 })
    const { path, headers } = await counting.first
    expect(path).toBe('/v1/messages/count_tokens')
    expect(headers).toMatchObject({ 'x-api-key': 'x', 'anthropic-version': expect.any(String) as string })
  })

  test('contract 1: a client that drops after any event and goes on by its id has all of the rest, and nothing twice', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const headers = { authorization: 'Bearer x', 'content-type': 'application/json' }
    const started = await fetch(`${stage.api}/messages`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...request(model), stream: true, sluice: { ids: true, maxTokens: 1 } }),
    })
    const blocks = (await started.text()).split('\n\n').filter((block) => block.includes('data:'))
    const location = started.headers.get('content-location')!
    const ids = blocks.map((block) => /^id: (.*)$/m.exec(block)?.[1])
    for (const [index, id] of ids.entries()) {
      if (id === undefined) continue
      const last = { ...headers, 'last-event-id': id }
      const resumed = await fetch(`${stage.gateway.url}${location}?maxTokens=1`, { headers: last })
      // The comment that every reading begins with is a line of its first block.
      const text = (await resumed.text()).replace(/^: open\n/, '')
      const rest = text.split('\n\n').filter((block) => block.includes('data:'))
      expect(rest).toEqual(blocks.slice(index + 1))
    }
    expect(ids.filter((id) => id !== undefined).length).toBeGreaterThan(5)
  })
})
