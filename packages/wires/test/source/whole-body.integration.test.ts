import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { BODY, openingError } from '../rig/chat-backend.ts'
import { startBackend } from '../rig/fake-backend.ts'
import { args, call, eventsOf, text } from '../rig/reading.ts'

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
