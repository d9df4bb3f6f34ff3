import { toChatRequest } from '@sluice/wires/openai-responses'
import { describe, expect, test } from 'vitest'

describe('a request for a response, as one for a chat completion', () => {
  test('has its instructions, its input and the options that both have, and lets through what it does not know', () => {
    const body = {
      model: 'm',
      instructions: 'Be brief.',
      input: 'Hi',
      max_output_tokens: 10,
      temperature: 0.5,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' } }, verbosity: 'low' },
      tools: [{ type: 'function', name: 'f', parameters: {}, strict: true }],
      tool_choice: { type: 'function', name: 'f' },
      store: false,
      background: true,
      stream: true,
      own_member: [1],
    }
    expect(toChatRequest(body)).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      max_tokens: 10,
      temperature: 0.5,
      reasoning_effort: 'low',
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } },
      tools: [{ type: 'function', function: { name: 'f', parameters: {}, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      stream: true,
      own_member: [1],
    })
  })

  test('has a conversation with calls, as an output that is sent back has them', () => {
    const input = [
      {
        role: 'developer',
        content: [
          { type: 'input_text', text: 'Be ' },
          { type: 'input_text', text: 'brief.' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What?' },
          { type: 'input_image', image_url: 'data:x' },
        ],
      },
      { id: 'rs_1', type: 'reasoning', summary: [] },
      {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Let me see', annotations: [] }],
      },
      { id: 'fc_1', type: 'function_call', call_id: 'x', name: 'f', arguments: '{}' },
      { id: 'ctc_1', type: 'custom_tool_call', call_id: 'y', name: 'g', input: 'free' },
      { type: 'function_call_output', call_id: 'x', output: '42' },
      { type: 'custom_tool_call_output', call_id: 'y', output: [{ type: 'input_text', text: 'ok' }] },
    ]
    expect(toChatRequest({ input }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: 'data:x' } },
        ],
      },
      {
        role: 'assistant',
        content: 'Let me see',
        tool_calls: [
          { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } },
          { id: 'y', type: 'custom', custom: { name: 'g', input: 'free' } },
        ],
      },
      { role: 'tool', tool_call_id: 'x', content: '42' },
      { role: 'tool', tool_call_id: 'y', content: 'ok' },
    ])
  })

  test('has a tool of free text with its grammar where a chat completion has that', () => {
    const grammar = { syntax: 'lark', definition: 'start: "a"' }
    const tool = { type: 'custom', name: 'g' }
    const tools = [{ ...tool, format: { type: 'grammar', ...grammar } }, { ...tool, format: { type: 'text' } }, tool]
    expect(toChatRequest({ input: 'Hi', tools }).tools).toEqual([
      { type: 'custom', custom: { name: 'g', format: { type: 'grammar', grammar } } },
      { type: 'custom', custom: { name: 'g', format: { type: 'text' } } },
      { type: 'custom', custom: { name: 'g' } },
    ])
  })

  test.each([
    [{ input: 'Hi', previous_response_id: 'resp_1' }, '"previous_response_id" has no counterpart'],
    [{ input: 'Hi', tools: [{ type: 'web_search' }] }, 'A tool of type "web_search" has no counterpart'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'An input item of type "item_reference"'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'x' }] }] }, 'An image by its "file_id"'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_text', text: { a: 1 } }] }] },
      'The field "input.content.text" is not usable: it must be a text',
    ],
    [{ input: 'Hi', instructions: [{}] }, 'The field "instructions" is not usable: it must be a text'],
    [{ input: [1] }, 'The field "input" is not usable'],
    [{}, 'The field "input" is not usable'],
  ])('is refused where a chat completion has nothing of the kind: %j', (body, message) => {
    expect(() => toChatRequest(body)).toThrow(message)
    expect(() => toChatRequest(body)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_REQUEST', status: 400 }))
  })
})
