import { randomUUID } from 'node:crypto'

import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChatStage, failureOf, ROLE, startChatStage, STOP } from '../../rig/chat-stage.ts'
import { DONE, MESSAGES } from '../../rig/stage.ts'

let stage: ChatStage

beforeAll(async () => {
  stage = await startChatStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

test('what sluice does not know reaches the backend, and what is meant for it does not', async () => {
  const behaviour = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(ROLE, STOP, DONE)
    exchange.response.end()
  })
  const unknown = { made_up: { deep: [1, null, '\u2028'] }, top_k: 40, background: true, metadata: { a: 'b' } }
  const ours = { key: randomUUID(), ifRunning: 'attach', onDisconnect: 'cancel', meta: { chat: 7 } }
  await stage.chunksOf(behaviour.model, { ...unknown, sluice: { ...ours, ids: true, maxDelayMs: 20, maxTokens: 8 } })
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
  const error = await failureOf(stage.chunksOf(behaviour.model, { sluice: { maxDelay: 20 } }))
  expect(error).toBeInstanceOf(OpenAI.BadRequestError)
  expect(error.message).toContain('known are: key, ifRunning, onDisconnect, meta, ids, maxDelayMs, maxTokens.')
  expect(behaviour.exchanges).toEqual([])
})
