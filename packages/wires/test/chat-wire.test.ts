import type { EndEvent, StreamEvent } from '@sluice/core'
import { openAiChat } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { dataOf, FACTS, outlineOf, startOf, STOP, toEntries, write } from './rig/reading.ts'

const BASE = { id: 'chatcmpl-s1', object: 'chat.completion.chunk', created: FACTS.created, model: 'm' }

function chunkOf(delta: object, finish: string | null = null, index = 0): object {
  return { ...BASE, choices: [{ index, delta, finish_reason: finish }] }
}

describe('openAiChat', () => {
  test('writes the role with the first text, then text alone, a finish reason and [DONE]', () => {
    const bytes = write([{ type: 'text', text: 'Hel' }, { type: 'text', text: 'lo\n' }, STOP])
    expect(dataOf(bytes)).toEqual([
      chunkOf({ role: 'assistant', content: 'Hel' }),
      chunkOf({ content: 'lo\n' }),
      chunkOf({}, 'stop'),
      '[DONE]',
    ])
  })

  test('writes a tool call with its header once and its arguments by index', () => {
    const events: StreamEvent[] = [
      { type: 'tool', phase: 'call', id: 'a', name: 'f' },
      { type: 'tool', phase: 'call', id: 'b', name: 'g' },
      { type: 'tool', phase: 'args', id: 'b', text: '{' },
      { type: 'tool', phase: 'args', id: 'a', text: '[' },
      { type: 'tool', phase: 'result', id: 'a', result: 1 },
      { type: 'end', reason: 'tool_calls', complete: true },
    ]
    const call = (index: number, id: string, name: string) => ({
      index,
      id,
      type: 'function',
      function: { name, arguments: '' },
    })
    expect(dataOf(write(events))).toEqual([
      chunkOf({ role: 'assistant', content: null, tool_calls: [call(0, 'a', 'f')] }),
      chunkOf({ tool_calls: [call(1, 'b', 'g')] }),
      chunkOf({ tool_calls: [{ index: 1, function: { arguments: '{' } }] }),
      chunkOf({ tool_calls: [{ index: 0, function: { arguments: '[' } }] }),
      chunkOf({}, 'tool_calls'),
      '[DONE]',
    ])
  })

  test('finishes only the choices that have not finished, each with its own reason', () => {
    const events: StreamEvent[] = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', choice: 1 },
      { type: 'finish', reason: 'length', choice: 1 },
      STOP,
    ]
    expect(dataOf(write(events)).slice(2)).toEqual([chunkOf({}, 'length', 1), chunkOf({}, 'stop'), '[DONE]'])
  })

  test('writes an empty answer as one finished choice', () => {
    expect(dataOf(write([STOP]))).toEqual([chunkOf({ role: 'assistant', content: '' }, 'stop'), '[DONE]'])
  })

  test('tells the usage before [DONE] when it was asked for, and null until then', () => {
    const extra = { prompt_tokens_details: { cached_tokens: 1 } }
    const end: EndEvent = { ...STOP, usage: { inputTokens: 3, outputTokens: 2, extra } }
    const bytes = write([{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }, end], {
      ...FACTS,
      includeUsage: true,
    })
    const data = dataOf(bytes) as { usage?: unknown; choices: unknown[] }[]
    expect(data.slice(0, 3).map(({ usage }) => usage)).toEqual([null, null, null])
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, ...extra }
    expect(data.slice(3)).toEqual([{ ...BASE, choices: [], usage }, '[DONE]'])
    expect(write([end])).not.toContain('usage')
  })

  test.each<EndEvent>([
    { type: 'end', reason: 'cancelled', complete: false, cause: 'client' },
    { type: 'end', reason: 'interrupted', complete: false, cause: 'lease' },
    {
      type: 'end',
      reason: 'error',
      complete: false,
      error: { code: 'SLUICE_ERR_BACKEND', message: 'no', status: 502 },
    },
    { type: 'end', reason: 'stop', complete: false, cause: 'drain' },
  ])('rule 2: never ends a stream as complete that was cut ($reason)', (end) => {
    const data = dataOf(write([{ type: 'text', text: 'a' }, end]))
    const error = { message: expect.any(String), type: expect.any(String), param: null, code: expect.any(String) }
    expect(data.slice(1)).toEqual([{ error }])
  })

  test('shows the body that the provider itself gave for its error', () => {
    const own = {
      error: { message: 'too long', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' },
    }
    const error = { code: 'SLUICE_ERR_BACKEND', message: 'masked', status: 400, extra: own }
    expect(dataOf(write([{ type: 'end', reason: 'error', complete: false, error }]))).toEqual([own])
  })

  test('tells a closed reading as an error without [DONE] and without a cursor', () => {
    const encoder = openAiChat.create(FACTS, { ids: false })
    encoder.open(startOf('start'))
    const bytes = String(encoder.closed({ type: 'closed', code: 'stalled', cursor: 's1.1.4' }))
    expect(bytes).not.toContain('id:')
    expect(dataOf(bytes)).toEqual([{ error: expect.objectContaining({ code: 'stalled', param: null }) }])
  })

  test('writes what a backend sent beyond our model back to where it was', () => {
    const extra = {
      openai: {
        chunk: { system_fingerprint: 'fp', model: 'm-2', id: 'forged', choices: 'forged' },
        choice: { logprobs: { content: [] }, index: 7 },
        delta: { annotations: [1] },
      },
    }
    const [first, second] = dataOf(
      write([
        { type: 'text', text: 'a', extra },
        { type: 'text', text: 'b' },
      ]),
    )
    expect(first).toEqual({
      ...BASE,
      model: 'm-2',
      system_fingerprint: 'fp',
      choices: [
        {
          index: 0,
          delta: { role: 'assistant', content: 'a', annotations: [1] },
          logprobs: { content: [] },
          finish_reason: null,
        },
      ],
    })
    expect(second).toEqual(chunkOf({ content: 'b' }))
  })

  test('takes no notice of what another provider sent beyond our model', () => {
    const extra = { anthropic: { delta: { x: 1 } }, delta: { y: 1 } }
    expect(dataOf(write([{ type: 'text', text: 'a', extra }]))).toEqual([chunkOf({ role: 'assistant', content: 'a' })])
  })

  test("keeps a backend's own word for a finish reason", () => {
    const extra = { openai: { choice: { finish_reason: 'eos' } } }
    expect(dataOf(write([{ type: 'finish', reason: 'stop', extra }, STOP]))).toEqual([
      chunkOf({ role: 'assistant', content: '' }, 'eos'),
      '[DONE]',
    ])
  })

  test('keeps reasoning and a refusal apart from the text', () => {
    const data = dataOf(
      write([
        { type: 'reasoning', text: 'hm' },
        { type: 'refusal', text: 'no' },
      ]),
    )
    expect(data).toEqual([
      chunkOf({ role: 'assistant', content: null, reasoning_content: 'hm' }),
      chunkOf({ refusal: 'no' }),
    ])
  })

  test('begins in the middle with the role and the calls of what is unfinished', () => {
    const before: StreamEvent[] = [
      { type: 'text', text: 'a' },
      { type: 'tool', phase: 'call', id: 'x', name: 'f', choice: 1 },
      { type: 'tool', phase: 'args', id: 'x', text: '{', choice: 1 },
      { type: 'text', text: 'c', choice: 2 },
      { type: 'finish', reason: 'stop', choice: 2 },
    ]
    const encoder = openAiChat.create(FACTS, { ids: false })
    const prelude = String(encoder.open(startOf('middle', before)))
    expect(prelude).not.toContain('id: ')
    const header = { index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '' } }
    expect(dataOf(prelude)).toEqual([
      chunkOf({ role: 'assistant', content: '' }),
      chunkOf({ role: 'assistant', content: '', tool_calls: [header] }, null, 1),
    ])
    const rest = encoder.encode(toEntries([{ type: 'text', text: 'b' }]))
    expect(dataOf(String(rest))).toEqual([chunkOf({ content: 'b' })])
  })

  test('begins in the middle with each call in the shape it was begun in: custom, function, the older function_call', () => {
    const begun: StreamEvent[] = [
      { type: 'tool', phase: 'call', id: 'a', name: 'sql', extra: { openai: { tool: { type: 'custom', x: 1 } } } },
      { type: 'tool', phase: 'call', id: 'b', name: 'f' },
      {
        type: 'tool',
        phase: 'call',
        id: 'c',
        name: 'old',
        choice: 1,
        extra: { openai: { tool: { type: 'function_call' } } },
      },
    ]
    const pieces: StreamEvent[] = [
      { type: 'tool', phase: 'args', id: 'a', text: 'select', extra: { openai: { tool: { type: 'custom' } } } },
      { type: 'tool', phase: 'args', id: 'b', text: '{' },
      {
        type: 'tool',
        phase: 'args',
        id: 'c',
        text: '[',
        choice: 1,
        extra: { openai: { tool: { type: 'function_call' } } },
      },
    ]
    const encoder = openAiChat.create(FACTS, { ids: false })
    const prelude = dataOf(String(encoder.open(startOf('middle', begun))))
    expect(prelude).toEqual([
      chunkOf({
        role: 'assistant',
        content: '',
        tool_calls: [
          { index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: '' }, x: 1 },
          { index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '' } },
        ],
      }),
      chunkOf({ role: 'assistant', content: '', function_call: { name: 'old', arguments: '' } }, null, 1),
    ])
    expect(dataOf(String(encoder.encode(toEntries(pieces))))).toEqual([
      chunkOf({ tool_calls: [{ index: 0, custom: { input: 'select' } }] }),
      chunkOf({ tool_calls: [{ index: 1, function: { arguments: '{' } }] }),
      chunkOf({ function_call: { arguments: '[' } }, null, 1),
    ])
  })

  test('writes a stream that was started on another wire, without what is not known of it', () => {
    const encoder = openAiChat.create({}, { ids: false })
    encoder.open(startOf('start'))
    expect(dataOf(String(encoder.encode(toEntries([{ type: 'text', text: 'a' }]))))).toEqual([
      {
        id: 'chatcmpl-s1',
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }],
      },
    ])
  })

  test('never changes the resumeState it was given', () => {
    const start = startOf('continue', [{ type: 'text', text: 'a' }])
    const encoder = openAiChat.create(FACTS, { ids: false })
    encoder.open(start)
    encoder.encode(toEntries([{ type: 'text', text: 'b', choice: 1 }]))
    expect(start.resumeState).toEqual(outlineOf([{ type: 'text', text: 'a' }]))
  })
})
