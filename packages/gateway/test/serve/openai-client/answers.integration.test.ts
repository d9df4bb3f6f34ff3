import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ChatStage,
  contentOf,
  failureOf,
  ROLE,
  startChatStage,
  STOP,
  USAGE,
  USAGE_CHUNK,
} from '../../rig/chat-stage.ts'
import { chunk, DONE, MESSAGES } from '../../rig/stage.ts'

let stage: ChatStage

beforeAll(async () => {
  stage = await startChatStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('streaming', () => {
  test('gives text, then the usage that was asked for, last', async () => {
    const model = stage.answering(
      ROLE,
      chunk({ content: 'Hello' }),
      chunk({ content: ' world' }),
      STOP,
      USAGE_CHUNK,
      DONE,
    )
    const chunks = await stage.chunksOf(model, { stream_options: { include_usage: true } })
    expect(contentOf(chunks)).toBe('Hello world')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: USAGE })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    expect(chunks.find(({ choices }) => choices[0]?.finish_reason)?.choices[0]?.finish_reason).toBe('stop')
    expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size).toBe(1)
    expect(chunks[0]?.id).toMatch(/^chatcmpl-./)
  })

  test('gives no usage where none was asked for', async () => {
    const chunks = await stage.chunksOf(stage.answering(ROLE, chunk({ content: 'a' }), STOP, USAGE_CHUNK, DONE))
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
    const model = stage.answering(
      ROLE,
      ...calls.map((call) => chunk({ tool_calls: [call] })),
      chunk({}, { finish: 'tool_calls' }),
      DONE,
    )
    const final = await stage.client.chat.completions.stream({ model, messages: MESSAGES }).finalChatCompletion()
    expect(final.choices[0]?.finish_reason).toBe('tool_calls')
    expect(final.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Köln"}' } },
      { id: 'call_2', type: 'function', function: { name: 'time', arguments: '{}' } },
    ])
  })

  test('gives two choices', async () => {
    const model = stage.answering(
      ...[0, 1].map((index) => chunk({ role: 'assistant', content: '' }, { index })),
      chunk({ content: 'left' }, { index: 0 }),
      chunk({ content: 'right' }, { index: 1 }),
      chunk({ content: ' on' }, { index: 0 }),
      chunk({}, { index: 1, finish: 'length' }),
      chunk({}, { index: 0, finish: 'stop' }),
      DONE,
    )
    const chunks = await stage.chunksOf(model, { n: 2 })
    expect([contentOf(chunks, 0), contentOf(chunks, 1)]).toEqual(['left on', 'right'])
    const final = await stage.client.chat.completions.stream({ model, messages: MESSAGES, n: 2 }).finalChatCompletion()
    expect(final.choices.map(({ finish_reason }) => finish_reason)).toEqual(['stop', 'length'])
  })

  test.each([['reasoning_content'], ['reasoning'], ['reasoning', 'reasoning_content']])(
    'passes reasoning on under the names that it had: %s, %s',
    async (...names) => {
      const named = (text: string): object => Object.fromEntries(names.map((name) => [name, text]))
      const pieces = [chunk(named('think')), chunk(named('ing')), chunk({ content: 'Hi' }), STOP, DONE]
      const chunks = await stage.chunksOf(stage.answering(ROLE, ...pieces))
      const heard: Record<string, string> = {}
      for (const { choices } of chunks)
        for (const [name, text] of Object.entries(choices[0]?.delta ?? {}))
          if (name.startsWith('reasoning')) heard[name] = (heard[name] ?? '') + String(text)
      expect(heard).toEqual(named('thinking'))
    },
  )

  test('passes refusals and reasoning through', async () => {
    const model = stage.answering(
      ROLE,
      chunk({ reasoning_content: 'think' }),
      chunk({ reasoning_content: 'ing' }),
      chunk({ refusal: 'I can' }),
      chunk({ refusal: 'not' }),
      STOP,
      DONE,
    )
    const deltas = (await stage.chunksOf(model)).map(
      ({ choices }) => choices[0]?.delta as { refusal?: string; reasoning_content?: string },
    )
    expect(deltas.map(({ reasoning_content }) => reasoning_content ?? '').join('')).toBe('thinking')
    expect(deltas.map(({ refusal }) => refusal ?? '').join('')).toBe('I cannot')
  })

  test('satisfies the helper', async () => {
    const model = stage.answering(ROLE, chunk({ content: 'Hel' }), chunk({ content: 'lo' }), STOP, USAGE_CHUNK, DONE)
    const stream = stage.client.chat.completions.stream({
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
    await stage.chunksOf(behaviour.model)
    await stage.chunksOf(behaviour.model)
    expect(behaviour.exchanges).toHaveLength(2)
  })
})

describe('one body', () => {
  test('holds what the stream held', async () => {
    const model = stage.answering(
      ROLE,
      chunk({ content: 'Hello' }),
      chunk({ content: ' world' }),
      STOP,
      USAGE_CHUNK,
      DONE,
    )
    const { data, response } = await stage.client.chat.completions.create({ model, messages: MESSAGES }).withResponse()
    expect(data).toMatchObject({ object: 'chat.completion', usage: USAGE })
    expect(data.choices).toMatchObject([
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello world' } },
    ])
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(data.id).toBe(`chatcmpl-${response.headers.get('sluice-stream-id')}`)
  })

  test('is an error when the backend fails in the middle', async () => {
    const model = stage.answering(ROLE, chunk({ content: 'half' }), 'data: {"error":{"message":"boom","code":"x"}}\n\n')
    const error = await failureOf(stage.client.chat.completions.create({ model, messages: MESSAGES }))
    expect(error).toMatchObject({ status: 502, code: 'x' })
    expect(error.message).toContain('boom')
  })
})
