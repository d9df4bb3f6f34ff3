import { toChatRequest } from '@sluice/wires/anthropic'
import { describe, expect, test } from 'vitest'

const HI = [{ role: 'user', content: 'Hi' }]

describe('a request for a message, as one for a chat completion', () => {
  test('has its system prompt, its messages and the options that both have, and lets through what it does not know', () => {
    const body = {
      model: 'm',
      max_tokens: 10,
      system: [
        { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: HI,
      stop_sequences: ['!'],
      tools: [{ name: 'f', description: 'does', input_schema: { type: 'object' }, strict: true }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      metadata: { user_id: 'u' },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      stream: true,
      own_member: [1],
    }
    expect(toChatRequest(body)).toEqual({
      model: 'm',
      max_tokens: 10,
      messages: [{ role: 'system', content: 'Be brief.\n\nBe kind.' }, ...HI],
      stop: ['!'],
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'does', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
      user: 'u',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
      stream: true,
      own_member: [1],
    })
    expect(toChatRequest({ messages: HI, tool_choice: { type: 'tool', name: 'f' } }).tool_choice).toEqual({
      type: 'function',
      function: { name: 'f' },
    })
  })

  test('has a conversation with calls and their results, images and thinking', () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'Let me see' },
          { type: 'tool_use', id: 'x', name: 'f', input: { a: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'x', content: [{ type: 'text', text: '42' }] },
          { type: 'text', text: 'And?' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'y', name: 'g', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'y' }] },
    ]
    const called = (id: string, name: string, text: string) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })
    expect(toChatRequest({ messages }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
        ],
      },
      { role: 'assistant', content: 'Let me see', tool_calls: [called('x', 'f', '{"a":1}')] },
      { role: 'tool', tool_call_id: 'x', content: '42' },
      { role: 'user', content: 'And?' },
      { role: 'assistant', content: null, tool_calls: [called('y', 'g', '{}')] },
      { role: 'tool', tool_call_id: 'y', content: '' },
    ])
  })

  test.each([
    [
      { messages: HI, tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      'A tool of type "web_search_20250305"',
    ],
    [{ messages: HI, mcp_servers: [{}] }, '"mcp_servers" has no counterpart'],
    [{ messages: [{ role: 'user', content: [{ type: 'document' }] }] }, 'Content of type "document"'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file' } }] }] },
      'An image of a stored file',
    ],
    [{ messages: HI, tool_choice: { type: 'constructor' } }, 'A "tool_choice" of type "constructor"'],
    [{ messages: HI, tool_choice: 'auto' }, 'A "tool_choice" of type "auto"'],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: { a: 1 } }] }] },
      'The field "messages.content.text" is not usable: it must be a text',
    ],
    [{ messages: HI, system: [{ type: 'text', text: 5 }] }, 'The field "system.text" is not usable: it must be a text'],
    [{ messages: 'Hi' }, 'The field "messages" is not usable'],
    [{}, 'The field "messages" is not usable'],
  ])('is refused where a chat completion has nothing of the kind: %j', (body, message) => {
    expect(() => toChatRequest(body)).toThrow(message)
    expect(() => toChatRequest(body)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_REQUEST', status: 400 }))
  })
})
