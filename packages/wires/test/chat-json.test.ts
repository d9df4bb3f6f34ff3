import type { StreamEvent } from '@sluice/core'
import { createChatCollector, toChatCompletion } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { FACTS, STOP, STREAM_ID } from './rig/reading.ts'

const bodyOf = (...events: StreamEvent[]) => toChatCompletion(FACTS, STREAM_ID, events)
const messageOf = (...events: StreamEvent[]) => bodyOf(...events).choices[0]!.message

test('makes one body of a stream, choices in order', () => {
  const body = bodyOf(
    { type: 'text', text: 'two', choice: 1 },
    { type: 'reasoning', text: 'h' },
    { type: 'reasoning', text: 'm' },
    { type: 'text', text: 'on' },
    { type: 'text', text: 'e' },
    { type: 'finish', reason: 'length', choice: 1 },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
    { ...STOP, usage: { inputTokens: 3, outputTokens: 5, extra: { x: 1 } } },
  )
  expect(body).toEqual({
    id: 'chatcmpl-s1',
    object: 'chat.completion',
    created: FACTS.created,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'one', refusal: null, reasoning_content: 'hm' },
        logprobs: null,
        finish_reason: 'stop',
      },
      {
        index: 1,
        message: { role: 'assistant', content: 'two', refusal: null },
        logprobs: null,
        finish_reason: 'length',
      },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8, x: 1 },
  })
})

test('has null content when there are only tool calls', () => {
  const message = messageOf(
    { type: 'tool', phase: 'call', id: 'x', name: 'f' },
    { type: 'tool', phase: 'call', id: 'y', name: 'g' },
    { type: 'tool', phase: 'args', id: 'y', text: '{' },
    { type: 'tool', phase: 'args', id: 'y', text: '}' },
    { type: 'end', reason: 'tool_calls', complete: true },
  )
  expect(message).toEqual({
    role: 'assistant',
    content: null,
    refusal: null,
    tool_calls: [
      { id: 'x', type: 'function', function: { name: 'f', arguments: '' } },
      { id: 'y', type: 'function', function: { name: 'g', arguments: '{}' } },
    ],
  })
})

test('has null content when there is only a refusal, and empty content when there is nothing', () => {
  expect(messageOf({ type: 'refusal', text: 'no' }, STOP)).toEqual({ role: 'assistant', content: null, refusal: 'no' })
  expect(bodyOf(STOP).choices).toEqual([
    { index: 0, message: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: 'stop' },
  ])
})

test('puts what came beyond our model where a whole completion has it', () => {
  const token = (value: string) => ({
    openai: { choice: { logprobs: { content: [{ token: value }], refusal: null } } },
  })
  const body = bodyOf(
    {
      type: 'text',
      text: 'a',
      extra: { openai: { ...token('a').openai, chunk: { model: 'm-2', system_fingerprint: 'fp' } } },
    },
    { type: 'text', text: 'b', extra: token('b') },
    { type: 'text', text: '', extra: { openai: { delta: { audio: { id: 'i', data: 'AA' }, annotations: [1] } } } },
    { type: 'text', text: '', extra: { openai: { delta: { audio: { data: 'BB' }, annotations: [2] } } } },
    { type: 'finish', reason: 'stop', extra: { openai: { choice: { finish_reason: 'eos', stop_reason: 7 } } } },
    STOP,
  )
  expect(body).toMatchObject({
    id: 'chatcmpl-s1',
    model: 'm-2',
    system_fingerprint: 'fp',
    choices: [
      {
        message: { content: 'ab', audio: { id: 'i', data: 'AABB' }, annotations: [1, 2] },
        logprobs: { content: [{ token: 'a' }, { token: 'b' }], refusal: null },
        finish_reason: 'eos',
        stop_reason: 7,
      },
    ],
  })
})

test('gives custom tools and the deprecated function_call their own shapes back', () => {
  const extra = (type: string) => ({ openai: { tool: { type } } })
  const message = messageOf(
    { type: 'tool', phase: 'call', id: 'x', name: 'f', extra: extra('custom') },
    { type: 'tool', phase: 'args', id: 'x', text: 'raw', extra: extra('custom') },
    { type: 'tool', phase: 'call', id: 'y', name: 'g', extra: extra('function_call') },
    { type: 'tool', phase: 'args', id: 'y', text: '{}', extra: extra('function_call') },
    STOP,
  )
  expect(message).toMatchObject({
    tool_calls: [{ id: 'x', type: 'custom', custom: { name: 'f', input: 'raw' } }],
    function_call: { name: 'g', arguments: '{}' },
  })
})

test('collects event by event', () => {
  const collector = createChatCollector()
  for (const text of ['a', 'b']) collector.add({ type: 'text', text })
  expect(toChatCompletion(FACTS, STREAM_ID, collector).choices[0]).toMatchObject({ finish_reason: null })
  collector.add(STOP)
  expect(toChatCompletion(FACTS, STREAM_ID, collector).choices[0]).toMatchObject({
    message: { content: 'ab' },
    finish_reason: 'stop',
  })
})
