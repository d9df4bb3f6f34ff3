import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { listOf, MESSAGES_PATH, type ProviderStage, RESPONSES, startProviderStage } from '../../rig/provider-stage.ts'
import { MESSAGES } from '../../rig/stage.ts'

let stage: ProviderStage

beforeAll(async () => {
  stage = await startProviderStage(['--upstream-key', 'sk-of-the-gateway'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const event = (type: string, members: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`

const responseOf = (model: string, id = 'resp_backend'): string[] => {
  const response = { id, object: 'response', status: 'in_progress', model, output: [], service_tier: 'flex' }
  const item = { id: 'msg_backend', type: 'message', role: 'assistant', status: 'in_progress', content: [] }
  const place = { item_id: item.id, output_index: 1, content_index: 0 }
  const thought = { id: 'rs_backend', type: 'reasoning', summary: [] }
  return [
    event('response.created', { response }),
    event('response.output_item.added', { output_index: 0, item: thought }),
    event('response.output_item.done', { output_index: 0, item: { ...thought, encrypted_content: 'secret' } }),
    event('response.output_item.added', { output_index: 1, item }),
    event('response.content_part.added', { ...place, part: { type: 'output_text', text: '', annotations: [] } }),
    event('response.output_text.delta', { ...place, delta: 'Hel' }),
    event('response.output_text.delta', { ...place, delta: 'lo' }),
    event('response.completed', {
      response: { ...response, status: 'completed', usage: { input_tokens: 1, output_tokens: 2 } },
    }),
  ]
}
const OUTPUT = [
  { id: 'rs_backend', type: 'reasoning', encrypted_content: 'secret' },
  { id: 'msg_backend', type: 'message', content: [{ text: 'Hello' }] },
]

describe('a backend that has the routes itself', () => {
  test('is asked for a response as it was asked for, and its items keep their ids', async () => {
    const { model, exchanges } = stage.answering(RESPONSES, ...responseOf('m'))
    const options = { model, input: 'hi', tools: [{ type: 'web_search' as const }] }
    const events = await listOf(await stage.openai.responses.create({ ...options, stream: true }))
    expect(events.at(-1)).toMatchObject({
      type: 'response.completed',
      response: { output: OUTPUT, service_tier: 'flex' },
    })
    expect(exchanges.map(({ path, body }) => [path, body])).toEqual([[RESPONSES, { ...options, stream: true }]])
    expect(await stage.openai.responses.create(options)).toMatchObject({ output: OUTPUT })
    expect(await stage.openai.responses.stream(options).finalResponse()).toMatchObject({ output: OUTPUT })
  })

  test('goes on from a response that was started here by the id that it has there', async () => {
    const first = stage.answering(RESPONSES, ...responseOf('m', 'resp_first'))
    const { id } = await stage.openai.responses.create({ model: first.model, input: 'hi' })
    expect(id).toMatch(/^resp_[0-9a-z]{26}$/)
    const { model, exchanges } = stage.answering(RESPONSES, ...responseOf('m'))
    for (const previous of [id, 'resp_of_the_backend']) {
      await stage.openai.responses.create({ model, input: 'hi', previous_response_id: previous })
    }
    expect(exchanges.map(({ body }) => body.previous_response_id)).toEqual(['resp_first', 'resp_of_the_backend'])
  })

  test('is told of a model that it does not have as it says so, and is asked for nothing else', async () => {
    const { model, exchanges } = stage.behave(({ response }) => {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(
        '{"error":{"message":"The model does not exist","type":"invalid_request_error","code":"model_not_found"}}',
      )
    })
    const error = stage.openai.responses.create({ model, input: 'hi' })
    await expect(error).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    expect(exchanges.map(({ path }) => path)).toEqual([RESPONSES])
  })

  test('contract 12: one client’s file that is not there changes nothing for the others', async () => {
    const missing = stage.behave(({ response }) => {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"No such File object: file_1","type":"invalid_request_error"}}')
    })
    const content = [{ type: 'input_file' as const, file_id: 'file_1' }]
    const asked = stage.openai.responses.create({ model: missing.model, input: [{ role: 'user', content }] })
    await expect(asked).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('No such File') as string,
    })
    const { model, exchanges } = stage.answering(RESPONSES, ...responseOf('m'))
    expect(await stage.openai.responses.create({ model, input: 'hi' })).toMatchObject({ output: OUTPUT })
    expect([...missing.exchanges, ...exchanges].map(({ path }) => path)).toEqual([RESPONSES, RESPONSES])
  })

  test('is asked for a message as it was asked for, and its blocks keep their signatures', async () => {
    const block = (index: number, content_block: object, ...deltas: object[]): string[] => [
      event('content_block_start', { index, content_block }),
      ...deltas.map((delta) => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]
    const message = {
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'm-2026',
      content: [],
      usage: { input_tokens: 9, output_tokens: 1 },
    }
    const { model, exchanges } = stage.answering(
      MESSAGES_PATH,
      event('message_start', { message }),
      ...block(
        0,
        { type: 'thinking', thinking: '', signature: '' },
        { type: 'thinking_delta', thinking: 'hm' },
        { type: 'signature_delta', signature: 'sig' },
      ),
      ...block(1, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hel' }, { type: 'text_delta', text: 'lo' }),
      event('message_delta', {
        delta: { stop_reason: 'stop_sequence', stop_sequence: '!' },
        usage: { output_tokens: 4 },
      }),
      event('message_stop', {}),
    )
    const request = {
      model,
      max_tokens: 100,
      messages: MESSAGES,
      thinking: { type: 'enabled' as const, budget_tokens: 50 },
    }
    const expected = {
      model: 'm-2026',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'text', text: 'Hello' },
      ],
      stop_reason: 'stop_sequence',
      stop_sequence: '!',
      usage: { input_tokens: 9, output_tokens: 4 },
    }
    expect(await stage.anthropic.messages.stream(request).finalMessage()).toMatchObject(expected)
    const raw = await listOf(await stage.anthropic.messages.create({ ...request, stream: true }))
    expect(raw[0]).toMatchObject({ type: 'message_start', message: { usage: { input_tokens: 9 } } })
    expect(await stage.anthropic.messages.create(request)).toMatchObject(expected)
    expect(exchanges.map(({ path }) => path)).toEqual([MESSAGES_PATH, MESSAGES_PATH, MESSAGES_PATH])
    expect(exchanges[0]!.body).toEqual({ ...request, stream: true })
    expect(exchanges[0]!.headers).toMatchObject({
      'x-api-key': 'sk-of-the-gateway',
      'anthropic-version': expect.any(String) as string,
    })
  })
})
