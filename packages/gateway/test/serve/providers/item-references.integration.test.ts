import OpenAI from 'openai'
import type { Response, ResponseInputItem } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CHAT, type ProviderStage, RICH_CHAT, startProviderStage } from '../../rig/provider-stage.ts'
import { chunk, DONE } from '../../rig/stage.ts'

let stage: ProviderStage

beforeAll(async () => {
  stage = await startProviderStage(['--auth', 'bearer'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const clientOf = (apiKey: string) => new OpenAI({ apiKey, baseURL: stage.api, maxRetries: 0 })
const ADA = 'sk-ada'
const STOP = chunk({}, { finish: 'stop' })

/** The conversation after an answer, with the answer's items named. */
function nextTurn({ output }: Response): ResponseInputItem[] {
  const named = output.map(({ id }) => ({ type: 'item_reference' as const, id: id! }))
  const results = ['call_1', 'call_2'].map((id) => ({
    type: 'function_call_output' as const,
    call_id: id,
    output: '7',
  }))
  return [{ role: 'user', content: 'hi' }, ...named, ...results]
}

const answered = () => clientOf(ADA).responses.create({ model: stage.answering(CHAT, ...RICH_CHAT).model, input: 'hi' })

describe('items of an answer that a request names', () => {
  test('reach a backend of chat completions as they were', async () => {
    const first = await answered()
    const { model, exchanges } = stage.answering(CHAT, chunk({ content: '7.' }), STOP, DONE)
    const second = await clientOf(ADA).responses.create({ model, input: nextTurn(first) })
    expect(second.output_text).toBe('7.')
    const called = (id: string, name: string, text: string) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })
    expect(exchanges.find(({ path }) => path === CHAT)!.body.messages).toEqual([
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: 'Let me see',
        tool_calls: [called('call_1', 'f', '{"a":1}'), called('call_2', 'g', '{}')],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '7' },
      { role: 'tool', tool_call_id: 'call_2', content: '7' },
    ])
  })

  test('contract 12: are nobody else’s, and a 400 says what to do about those that are not known', async () => {
    const first = await answered()
    const { model, exchanges } = stage.answering(CHAT, chunk({ content: '7.' }), STOP, DONE)
    const strange = clientOf('sk-eve').responses.create({ model, input: nextTurn(first) })
    await expect(strange).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('"item_reference"') as string,
    })
    expect(exchanges.filter(({ path }) => path === CHAT)).toEqual([])
  })

  test('are read of 256 answers at most', async () => {
    const { model } = stage.answering(CHAT, chunk({ content: '7.' }), STOP, DONE)
    const named = Array.from({ length: 257 }, (_, index) => ({
      type: 'item_reference' as const,
      id: `msg_${String(index).padStart(26, '0')}_0`,
    }))
    await expect(clientOf(ADA).responses.create({ model, input: named })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('256 answers') as string,
    })
  })
})
