import { anthropicMessages, anthropicSource, toAnthropicMessage } from '@sluice/wires/anthropic'
import { describe, expect, test } from 'vitest'
import { answering, cut } from '../rig/answering.ts'
import { mergedAnswer } from '../rig/merged-events.ts'
import { eventsOf, FACTS, readUntilError, STOP, STREAM_ID, text, writeOn } from '../rig/reading.ts'

const event = (type: string, members: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`

const sourceOf = (...pieces: (string | Uint8Array)[]) =>
  anthropicSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(pieces) })

const delta = (index: number, type: string, members: object): string =>
  event('content_block_delta', { index, delta: { type, ...members } })
const block = (index: number, content_block: object, ...deltas: string[]): string =>
  event('content_block_start', { index, content_block }) + deltas.join('') + event('content_block_stop', { index })

const START = event('message_start', {
  message: {
    id: 'msg_backend',
    type: 'message',
    role: 'assistant',
    model: 'm-2026',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 4 },
  },
})
const ended = (word: string, more: object = {}): string =>
  event('message_delta', { delta: { stop_reason: word, stop_sequence: null, ...more }, usage: { output_tokens: 9 } }) +
  event('message_stop')

const SEARCH = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
const FOUND = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [{ type: 'web_search_result' }] }
const CITATION = { type: 'web_search_result_location', cited_text: 'x', url: 'https://example.com', title: 'E' }

/** As a provider sends it: two thoughts, one of them hidden, a search of its own, a text with a citation, a call. */
const RICH = [
  START,
  event('ping'),
  block(
    0,
    { type: 'thinking', thinking: '', signature: '' },
    delta(0, 'thinking_delta', { thinking: 'hm' }),
    delta(0, 'signature_delta', { signature: 'sig' }),
  ),
  block(1, { type: 'redacted_thinking', data: 'AA' }),
  block(2, { type: 'thinking', thinking: '', signature: '' }, delta(2, 'thinking_delta', { thinking: 'so' })),
  block(
    3,
    SEARCH,
    delta(3, 'input_json_delta', { partial_json: '{"query":' }),
    delta(3, 'input_json_delta', { partial_json: '"q"}' }),
  ),
  block(4, FOUND),
  block(5, { type: 'text', text: '' }, delta(5, 'text_delta', { text: 'I ' })),
  block(
    6,
    { type: 'text', text: '', citations: [] },
    delta(6, 'citations_delta', { citation: CITATION }),
    delta(6, 'text_delta', { text: 'found' }),
  ),
  event('a_new_type', { index: 6 }),
  block(
    7,
    { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
    delta(7, 'input_json_delta', { partial_json: '' }),
    delta(7, 'input_json_delta', { partial_json: '{"a":1}' }),
  ),
  ended('tool_use'),
]
const CONTENT = [
  { type: 'thinking', thinking: 'hm', signature: 'sig' },
  { type: 'redacted_thinking', data: 'AA' },
  { type: 'thinking', thinking: 'so', signature: '' },
  { ...SEARCH, input: { query: 'q' } },
  FOUND,
  { type: 'text', text: 'I ', citations: null },
  { type: 'text', text: 'found', citations: [CITATION] },
  { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
]

describe('a backend that speaks messages', () => {
  test('is read, cut at every byte, with blocks and signatures that are its own', async () => {
    const bytes = new TextEncoder().encode(RICH.join(''))
    for (const sizes of [[1], [7], [bytes.length]]) {
      const read = await eventsOf(sourceOf(...cut(bytes, sizes)))
      expect(mergedAnswer(read)).toEqual([
        { type: 'reasoning', text: 'hmso' },
        { type: 'text', text: 'I found' },
        { type: 'tool', phase: 'call', id: 'toolu_1', name: 'f' },
        { type: 'tool', phase: 'args', id: 'toolu_1', text: '{"a":1}' },
        { type: 'finish', reason: 'tool_calls' },
      ])
      expect(read.filter((one) => one.type === 'usage').map(({ usage }) => usage)).toEqual([
        { inputTokens: 10, outputTokens: 1, extra: { cache_read_input_tokens: 4 } },
        { inputTokens: 10, outputTokens: 9, extra: { cache_read_input_tokens: 4 } },
      ])
      const message = toAnthropicMessage(FACTS, STREAM_ID, [...read, STOP])
      expect(message).toMatchObject({ id: `msg_${STREAM_ID}`, model: 'm-2026', content: CONTENT })
    }
  })

  test('is written again as it was: the same blocks in the same places', async () => {
    const read = await eventsOf(sourceOf(RICH.join('')))
    const bytes = writeOn(anthropicMessages, [...read, STOP])
    const again = await eventsOf(sourceOf(bytes))
    expect(toAnthropicMessage(FACTS, STREAM_ID, [...again, STOP]).content).toEqual(CONTENT)
    expect(bytes).toContain(JSON.stringify({ type: 'input_json_delta', partial_json: '"q"}' }))
  })

  test('may answer in one piece', async () => {
    const body = {
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: CONTENT,
      stop_reason: 'end_turn',
    }
    const read = await eventsOf(sourceOf(JSON.stringify({ ...body, usage: { input_tokens: 1, output_tokens: 2 } })))
    expect(toAnthropicMessage(FACTS, STREAM_ID, [...read, STOP]).content).toEqual(CONTENT)
  })

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['a_new_word', 'stop'],
  ] as const)('says why it stopped in its own word, which goes through: %s', async (word, reason) => {
    const said = block(0, { type: 'text', text: 'a' })
    const read = await eventsOf(
      sourceOf(START, said, ended(word, { stop_sequence: word === 'stop_sequence' ? '!' : null })),
    )
    expect(mergedAnswer(read).at(-1)).toEqual({ type: 'finish', reason })
    const message = toAnthropicMessage(FACTS, STREAM_ID, [...read, { type: 'end', reason, complete: true }])
    expect(message).toMatchObject({ stop_reason: word, stop_sequence: word === 'stop_sequence' ? '!' : null })
  })

  test.each([
    [
      'an error event',
      event('error', { error: { type: 'overloaded_error', message: 'busy' } }),
      { status: 529 },
      'busy',
    ],
    ['an error that OpenAI would send', 'data: {"error":{"message":"busy","code":503}}\n\n', { status: 503 }, 'busy'],
    ['an error of mere text', 'event: error\ndata: gone\n\n', { status: 502 }, 'gone'],
    ['a body that just ends', '', { status: 502 }, 'without message_stop'],
    ['half an event', 'event: content_block_delta\ndata: {"type":"cont', { status: 502 }, 'in the middle of a chunk'],
  ])('fails by %s, after what it had said', async (_, bytes, expected, message) => {
    const { events, error } = await readUntilError(
      sourceOf(
        START,
        event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        delta(0, 'text_delta', { text: 'a' }),
        bytes,
      ),
    )
    expect(mergedAnswer(events)).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', ...expected })
    expect(error).toMatchObject({ message: expect.stringContaining(message) as string })
  })

  test('is asked for a stream, with its key and its version', async () => {
    let sent: unknown
    const fetch: typeof globalThis.fetch = async (url, init) => {
      const headers = new Headers(init!.headers)
      sent = [String(url), init!.body, headers.get('x-api-key'), headers.get('anthropic-version')]
      return answering([START, ended('end_turn')])(url, init)
    }
    const bodyText = '{"model":"m","max_tokens":1e2}'
    const body = { model: 'm', max_tokens: 100 }
    await eventsOf(anthropicSource({ baseUrl: 'http://backend/v1', apiKey: 'k', body, bodyText, fetch }))
    expect(sent).toEqual([
      'http://backend/v1/messages',
      '{"model":"m","max_tokens":1e2,"stream":true}',
      'k',
      '2023-06-01',
    ])
  })
})
