import { quiet } from '@sluice/testing/patience'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answers, BODY } from '../rig/chat-backend.ts'
import { chunk, DONE, startBackend } from '../rig/fake-backend.ts'
import { eventsOf } from '../rig/reading.ts'

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
      await quiet()
    }
    expect(backend.connections).toBe(1)
  })
})
