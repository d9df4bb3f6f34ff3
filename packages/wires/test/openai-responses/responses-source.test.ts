import type { SourceEvent, StreamEvent } from '@sluice/core'
import { openAiResponsesSource, toResponseObject } from '@sluice/wires/openai-responses'
import { describe, expect, test } from 'vitest'
import { answering, cut } from '../rig/answering.ts'
import { mergedAnswer } from '../rig/merged-events.ts'
import { eventsOf, FACTS, readUntilError, STOP, STREAM_ID, text } from '../rig/reading.ts'
import { openAiResponses } from '@sluice/wires/openai-responses'
import { writeOn } from '../rig/reading.ts'

const event = (type: string, members: object): string =>
  `event: response.${type}\ndata: ${JSON.stringify({ type: `response.${type}`, sequence_number: 1, ...members })}\n\n`

const sourceOf = (...pieces: (string | Uint8Array)[]) =>
  openAiResponsesSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(pieces) })

const RESPONSE = { id: 'resp_backend', object: 'response', status: 'in_progress', model: 'm-2026', output: [] }
const CREATED = event('created', { response: RESPONSE })
const completed = (output: object[] = []): string =>
  event('completed', {
    response: { ...RESPONSE, status: 'completed', output, usage: { input_tokens: 1, output_tokens: 2 } },
  })

/** As a provider sends it: reasoning that is summed up in two parts, a search of its own, a text with a citation. */
const SEARCH = { id: 'ws_1', type: 'web_search_call', status: 'in_progress' }
const CITATION = { type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 2 }
const RICH = [
  CREATED,
  event('output_item.added', { output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [] } }),
  event('reasoning_summary_part.added', {
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 0,
    part: { type: 'summary_text', text: '' },
  }),
  event('reasoning_summary_text.delta', { item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'one' }),
  event('reasoning_summary_text.done', { item_id: 'rs_1', output_index: 0, summary_index: 0, text: 'one' }),
  event('reasoning_summary_part.added', {
    item_id: 'rs_1',
    output_index: 0,
    summary_index: 1,
    part: { type: 'summary_text', text: '' },
  }),
  event('reasoning_summary_text.delta', { item_id: 'rs_1', output_index: 0, summary_index: 1, delta: 'two' }),
  event('output_item.done', {
    output_index: 0,
    item: {
      id: 'rs_1',
      type: 'reasoning',
      encrypted_content: 'secret',
      summary: [
        { type: 'summary_text', text: 'one' },
        { type: 'summary_text', text: 'two' },
      ],
    },
  }),
  event('output_item.added', { output_index: 1, item: SEARCH }),
  event('web_search_call.searching', { item_id: 'ws_1', output_index: 1 }),
  event('output_item.done', { output_index: 1, item: { ...SEARCH, status: 'completed' } }),
  event('output_item.added', {
    output_index: 2,
    item: { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] },
  }),
  event('content_part.added', {
    item_id: 'msg_1',
    output_index: 2,
    content_index: 0,
    part: { type: 'output_text', text: '', annotations: [] },
  }),
  event('output_text.delta', {
    item_id: 'msg_1',
    output_index: 2,
    content_index: 0,
    delta: 'hi',
    logprobs: [{ token: 'hi', logprob: -1 }],
  }),
  event('output_text.annotation.added', {
    item_id: 'msg_1',
    output_index: 2,
    content_index: 0,
    annotation_index: 0,
    annotation: CITATION,
  }),
  event('output_text.done', { item_id: 'msg_1', output_index: 2, content_index: 0, text: 'hi' }),
  event('output_item.done', {
    output_index: 2,
    item: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'hi', annotations: [CITATION] }],
    },
  }),
  event('output_item.added', {
    output_index: 3,
    item: { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '' },
  }),
  event('function_call_arguments.delta', { item_id: 'fc_1', output_index: 3, delta: '{}' }),
  event('output_item.done', {
    output_index: 3,
    item: { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}', status: 'completed' },
  }),
  completed(),
]

const OUTPUT = [
  {
    id: 'rs_1',
    type: 'reasoning',
    encrypted_content: 'secret',
    summary: [
      { type: 'summary_text', text: 'one' },
      { type: 'summary_text', text: 'two' },
    ],
  },
  { ...SEARCH, status: 'completed' },
  {
    id: 'msg_1',
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'hi', annotations: [CITATION], logprobs: [{ token: 'hi', logprob: -1 }] }],
  },
  { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}', status: 'completed' },
]

describe('a backend that speaks Responses', () => {
  test('is read, cut at every byte, with items, ids and members that are its own', async () => {
    const bytes = new TextEncoder().encode(RICH.join(''))
    for (const sizes of [[1], [7], [bytes.length]]) {
      const read = await eventsOf(sourceOf(...cut(bytes, sizes)))
      expect(mergedAnswer(read)).toEqual([
        { type: 'reasoning', text: 'onetwo', as: 'summary' },
        { type: 'text', text: 'hi' },
        { type: 'tool', phase: 'call', id: 'call_1', name: 'f' },
        { type: 'tool', phase: 'args', id: 'call_1', text: '{}' },
        { type: 'finish', reason: 'tool_calls' },
      ])
      const response = toResponseObject(FACTS, STREAM_ID, [...read, STOP])
      expect(response).toMatchObject({ id: `resp_${STREAM_ID}`, model: 'm-2026', output: OUTPUT })
    }
  })

  test('is written again as it was: the same items, with the same ids, in the same places', async () => {
    const read = await eventsOf(sourceOf(RICH.join('')))
    const bytes = writeOn(openAiResponses, [...read, STOP])
    const again = await eventsOf(sourceOf(bytes))
    expect(toResponseObject(FACTS, STREAM_ID, [...again, STOP]).output).toEqual(OUTPUT)
    const searching = bytes.split('\n\n').find((block) => block.startsWith('event: response.web_search_call.searching'))
    expect(JSON.parse(searching!.slice(searching!.indexOf('{')))).toMatchObject({ item_id: 'ws_1', output_index: 1 })
  })

  test('may answer in one piece, or say a text only when it is done', async () => {
    const body = JSON.stringify({
      ...RESPONSE,
      status: 'completed',
      output: OUTPUT,
      usage: { input_tokens: 1, output_tokens: 2 },
    })
    const whole = await eventsOf(sourceOf(body))
    expect(toResponseObject(FACTS, STREAM_ID, [...whole, STOP]).output).toMatchObject([
      OUTPUT[0]!,
      OUTPUT[1]!,
      { content: [{ text: 'hi' }] },
      OUTPUT[3]!,
    ])
    const late = await eventsOf(
      sourceOf(CREATED, event('output_text.done', { output_index: 0, content_index: 0, text: 'late' }), completed()),
    )
    expect(mergedAnswer(late)).toEqual([text('late'), { type: 'finish', reason: 'stop' }])
    const last: StreamEvent[] = await eventsOf(sourceOf(CREATED, completed([OUTPUT[2]!])))
    expect(mergedAnswer(last)).toEqual([text('hi'), { type: 'finish', reason: 'stop' }])
  })

  test('tells its usage, with details under the names that all wires read', async () => {
    const usage = { input_tokens: 3, output_tokens: 5, total_tokens: 8, output_tokens_details: { reasoning_tokens: 4 } }
    const read = await eventsOf(sourceOf(CREATED, event('completed', { response: { ...RESPONSE, usage } })))
    const expected: SourceEvent = {
      type: 'usage',
      usage: {
        inputTokens: 3,
        outputTokens: 5,
        totalTokens: 8,
        extra: { completion_tokens_details: { reasoning_tokens: 4 } },
      },
    }
    expect(read).toContainEqual(expected)
  })

  test.each([
    [
      'an error event',
      `event: error\ndata: {"type":"error","code":"rate_limit","message":"slow down","param":null}\n\n`,
      'slow down',
    ],
    [
      'a nested error',
      `event: error\ndata: {"type":"error","error":{"code":"x","message":"slow down"}}\n\n`,
      'slow down',
    ],
    [
      'a response that failed',
      event('failed', { response: { status: 'failed', error: { code: 'server_error', message: 'boom' } } }),
      'boom',
    ],
    ['a cancellation', event('failed', { response: { status: 'cancelled' } }), 'cancelled'],
    ['a body that just ends', '', 'without response.completed'],
    ['half an event', 'event: response.output_text.delta\ndata: {"type":"resp', 'in the middle of a chunk'],
  ])('fails by %s, after what it had said', async (_, bytes, message) => {
    const said = CREATED + event('output_text.delta', { output_index: 0, content_index: 0, delta: 'a' })
    const { events, error } = await readUntilError(sourceOf(said, bytes))
    expect(mergedAnswer(events)).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', message: expect.stringContaining(message) as string })
  })

  test('is asked for a stream, and for nothing in the background', async () => {
    let sent = ''
    const fetch: typeof globalThis.fetch = async (url, init) => {
      sent = `${String(url)} ${init!.body as string}`
      return answering([CREATED, completed()])(url, init)
    }
    const bodyText = '{"model":"m","background":true,"temperature":1.0,"sluice":{}}'
    const body = { model: 'm', background: true, temperature: 1 }
    await eventsOf(openAiResponsesSource({ baseUrl: 'http://backend/v1', body, bodyText, fetch }))
    expect(sent).toBe('http://backend/v1/responses {"model":"m","temperature":1.0,"stream":true}')
  })

  test('is not read beyond the limits', async () => {
    const long = event('output_item.added', { output_index: 0, item: { type: 'message', id: 'x'.repeat(2000) } })
    const options = { baseUrl: 'http://backend/v1', body: {}, fetch: answering([CREATED, long]) }
    const { error } = await readUntilError(openAiResponsesSource({ ...options, maxHeldBytes: 1000 }))
    expect(error).toMatchObject({ message: expect.stringContaining('maxHeldBytes (1000)') as string })
  })
})
