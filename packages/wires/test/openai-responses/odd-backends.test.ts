import type { StreamEvent } from '@sluice/core'
import { openAiResponses, openAiResponsesSource, toResponseObject } from '@sluice/wires/openai-responses'
import { describe, expect, test } from 'vitest'
import { answering } from '../rig/answering.ts'
import { eventsOf, FACTS, readUntilError, STOP, STREAM_ID, writeOn } from '../rig/reading.ts'

const event = (type: string, members: object): string =>
  `event: response.${type}\ndata: ${JSON.stringify({ type: `response.${type}`, sequence_number: 1, ...members })}\n\n`

const sourceOf = (...pieces: string[]) =>
  openAiResponsesSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(pieces) })

const RESPONSE = { id: 'resp_backend', object: 'response', status: 'in_progress', model: 'm-2026', output: [] }
const CREATED = event('created', { response: RESPONSE })
const completed = (output: object[] = []): string =>
  event('completed', { response: { ...RESPONSE, status: 'completed', output } })
const CITATION = { type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 2 }

describe('a backend of Responses that goes its own way', () => {
  const added = (item: object, members: object = {}): string => event('output_item.added', { ...members, item })
  const done = (item: object, members: object = {}): string => event('output_item.done', { ...members, item })
  const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant' }
  const CALL = { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }
  const saidBy = (item: object, value: string): object => ({ ...item, content: [{ type: 'output_text', text: value }] })

  test.each([
    ['an item by its id', MESSAGE, { ...MESSAGE, id: 'msg_2' }],
    ['one without an id by its order', { type: 'message' }, { type: 'message' }],
  ])('contract 1: is told once where it leaves the places of items out: %s', async (_, first, second) => {
    const read = await eventsOf(
      sourceOf(
        CREATED,
        added(first) + done(saidBy(first, 'one')),
        added(second) + done(saidBy(second, 'two')),
        added(CALL) + done(CALL),
        completed([saidBy(first, 'one'), saidBy(second, 'two'), CALL]),
      ),
    )
    expect(toResponseObject(FACTS, STREAM_ID, [...read, STOP]).output).toMatchObject([
      saidBy(first, 'one'),
      saidBy(second, 'two'),
      CALL,
    ])
  })

  test('contract 1: has each of its items once where it says only in the end what they came to', async () => {
    const thought = { id: 'rs_1', type: 'reasoning', summary: [] }
    const summary = [{ type: 'summary_text', text: 'hm' }]
    const place = { item_id: 'rs_1', output_index: 0, summary_index: 0 }
    const read = await eventsOf(
      sourceOf(
        CREATED,
        added(thought, { output_index: 0 }),
        event('reasoning_summary_text.delta', { ...place, delta: 'hm' }),
        added({ ...MESSAGE, content: [] }, { output_index: 1 }),
        event('output_text.delta', { item_id: 'msg_1', output_index: 1, content_index: 0, delta: 'hi' }),
        completed([{ ...thought, summary, encrypted_content: 'secret' }, saidBy(MESSAGE, 'hi')]),
      ),
    )
    expect(toResponseObject(FACTS, STREAM_ID, [...read, STOP]).output).toMatchObject([
      { ...thought, summary, encrypted_content: 'secret' },
      saidBy(MESSAGE, 'hi'),
    ])
    const bytes = writeOn(openAiResponses, [...read, STOP])
    expect(bytes.split('event: response.output_item.added').length - 1).toBe(2)
  })

  test('contract 1: has citations and log probabilities that it tells of with the whole text alone', async () => {
    const logprobs = [{ token: 'hi', logprob: -1 }]
    const content = [{ type: 'output_text', text: 'hi', annotations: [CITATION], logprobs }]
    const read = await eventsOf(sourceOf(CREATED, completed([{ ...MESSAGE, content }])))
    expect(toResponseObject(FACTS, STREAM_ID, [...read, STOP]).output).toMatchObject([{ ...MESSAGE, content }])
  })

  test('may call an item whatever it likes, and an event nothing that is more than a line', async () => {
    const odd = { id: 'x', type: 'constructor', status: 'completed' }
    const split = event('x\\nevent: response.completed', { item_id: 'x' }).replace(/^.*\n/, '')
    const read = await eventsOf(sourceOf(CREATED, added(odd) + split + done(odd), completed([odd])))
    expect(toResponseObject(FACTS, STREAM_ID, [...read, STOP]).output).toEqual([odd])
    expect(writeOn(openAiResponses, [...read, STOP]).match(/^event: response.completed$/gm)).toHaveLength(1)
  })

  test.each(['max_output_tokens', 'content_filter', 'steered'])(
    'says why it is incomplete in its own word: %s',
    async (reason) => {
      const incomplete = { ...RESPONSE, status: 'incomplete', incomplete_details: { reason } }
      const read = await eventsOf(sourceOf(CREATED, event('incomplete', { response: incomplete })))
      const finish = read.at(-1) as { reason: 'length' | 'content_filter' }
      const end: StreamEvent = { type: 'end', reason: finish.reason, complete: true }
      expect(toResponseObject(FACTS, STREAM_ID, [...read, end])).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason },
      })
    },
  )

  test.each(['queued', 'in_progress'])('contract 2: has not answered with a response that is %s', async (status) => {
    const { error } = await readUntilError(sourceOf(JSON.stringify({ ...RESPONSE, status })))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', message: expect.stringContaining(status) as string })
  })

  test('contract 2: is taken at the word of its response, whatever the event is called', async () => {
    const response = { ...RESPONSE, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    const read = await eventsOf(sourceOf(CREATED, event('completed', { response })))
    expect(read.at(-1)).toEqual({ type: 'finish', reason: 'length' })
    const failed = { ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'boom' } }
    const { error } = await readUntilError(sourceOf(CREATED, event('completed', { response: failed })))
    expect(error).toMatchObject({ message: expect.stringContaining('boom') as string })
  })

  test('is told once of what it repeats in every event', async () => {
    const told = { ...RESPONSE, instructions: 'x'.repeat(1000) }
    const read = await eventsOf(
      sourceOf(
        event('created', { response: told }),
        event('in_progress', { response: told }),
        event('completed', { response: { ...told, completed_at: 1, status: 'completed' } }),
      ),
    )
    expect(JSON.stringify(read).split('x'.repeat(1000)).length - 1).toBe(1)
    const response = toResponseObject(FACTS, STREAM_ID, [...read, STOP])
    expect(response).toMatchObject({ instructions: told.instructions, completed_at: 1 })
  })
})
