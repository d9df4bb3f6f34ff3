import type { StreamEvent } from '@sluice/core'
import { openAiResponses, responsesFacts, toResponseObject } from '@sluice/wires/openai-responses'
import OpenAI, { APIError } from 'openai'
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { args, call, listOf, startOf, STOP, STREAM_ID, text, toEntries, writeOn } from '../rig/reading.ts'
import { serveBytes } from '../rig/serving.ts'

const REQUEST = { model: 'm', input: 'hi' }
const FACTS = responsesFacts(REQUEST, 1_700_000_000)

const clientAt = (address: string) => new OpenAI({ apiKey: 'x', baseURL: `${address}/v1`, maxRetries: 0 })

async function rawOf(bytes: string): Promise<ResponseStreamEvent[]> {
  await using served = await serveBytes(bytes)
  return await listOf(await clientAt(served.address).responses.create({ ...REQUEST, stream: true }))
}

async function finalOf(bytes: string): Promise<Response> {
  await using served = await serveBytes(bytes)
  return await clientAt(served.address).responses.stream(REQUEST).finalResponse()
}

const write = (events: readonly StreamEvent[]): string => writeOn(openAiResponses, events, { facts: FACTS })

/** What the helper has gathered is the body that a client gets who asks for no stream. */
async function expectSameFinal(events: readonly StreamEvent[]): Promise<Response> {
  const final = await finalOf(write(events))
  expect(plainOf(final)).toEqual(plainOf(toResponseObject(FACTS, STREAM_ID, events)))
  return final
}

/** Without what the helper makes of it: parsed contents and arguments, and its own joined text. */
function plainOf(response: object): unknown {
  const made = new Set(['parsed', 'parsed_arguments', 'output_parsed', 'output_text'])
  return JSON.parse(JSON.stringify(response, (name, value: unknown) => (made.has(name) ? undefined : value)))
}

const CALLS = [call('x', 'f'), args('x', '{"a":'), args('x', '1}'), call('y', 'g'), args('y', '{}')]
const CALLED: StreamEvent = { type: 'end', reason: 'tool_calls', complete: true }

describe('the official client', () => {
  test('reads text, hostile characters included, and usage', async () => {
    const texts = ['Hel', 'lo\r\n', '\u2028', '👩‍👩‍👧', '"\\', 'data: [DONE]\n\n']
    const end: StreamEvent = { ...STOP, usage: { inputTokens: 3, outputTokens: 7, totalTokens: 10 } }
    const final = await expectSameFinal([...texts.map(text), end])
    expect(final.output_text).toBe(texts.join(''))
    expect(final.usage).toMatchObject({ input_tokens: 3, output_tokens: 7, total_tokens: 10 })
    const deltas = (await rawOf(write([...texts.map(text), end]))).filter(
      ({ type }) => type === 'response.output_text.delta',
    )
    expect(deltas.map((event) => (event as { delta: string }).delta)).toEqual(texts)
  })

  test('reads events in the order in which the provider sends them', async () => {
    const types = (await rawOf(write([text('a'), text('b'), ...CALLS.slice(0, 2), CALLED]))).map(({ type }) => type)
    expect(types.map((type) => type.replace('response.', ''))).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ])
  })

  test('reads reasoning, its summary, a refusal and calls, also arguments that come for an earlier call', async () => {
    await expectSameFinal([
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'm' },
      { type: 'reasoning', text: 'In short', as: 'summary' },
      text('a'),
      { type: 'refusal', text: 'I ' },
      { type: 'refusal', text: 'cannot' },
      ...CALLS,
      args('x', ' '),
      CALLED,
    ])
    await expectSameFinal([STOP])
  })

  test('reads a call of a tool without a schema, as chat completions have it', async () => {
    const custom: StreamEvent = { ...call('x', 'f'), extra: { openai: { tool: { type: 'custom' } } } }
    const final = await expectSameFinal([custom, args('x', 'free text'), CALLED])
    expect(final.output).toMatchObject([{ type: 'custom_tool_call', call_id: 'x', name: 'f', input: 'free text' }])
  })

  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('reads an answer that is incomplete: %s', async (reason, told) => {
    const final = await expectSameFinal([text('a'), { type: 'end', reason, complete: true }])
    expect(final).toMatchObject({ status: 'incomplete', incomplete_details: { reason: told } })
    expect(final.output).toMatchObject([{ status: 'incomplete' }])
  })

  test('contract 2: is told of a stream that was cut by a response that failed, never by one that completed', async () => {
    const own = { error: { message: 'boom', type: 'server_error', param: null, code: 'overloaded' } }
    const error = { code: 'SLUICE_ERR_BACKEND', message: 'masked', extra: own }
    const ends: [StreamEvent, object][] = [
      [
        { type: 'end', reason: 'cancelled', complete: false, cause: 'client' },
        { status: 'cancelled', error: { code: 'SLUICE_ERR_CANCELLED' } },
      ],
      [
        { type: 'end', reason: 'interrupted', complete: false },
        { status: 'failed', error: { code: 'SLUICE_ERR_INTERRUPTED' } },
      ],
      [
        { type: 'end', reason: 'error', complete: false, error },
        { status: 'failed', error: { code: 'overloaded', message: 'boom' } },
      ],
    ]
    for (const [end, expected] of ends) {
      const bytes = write([text('a'), end])
      expect(await finalOf(bytes)).toMatchObject(expected)
      const last = (await rawOf(bytes)).at(-1)
      expect(last).toMatchObject({ type: 'response.failed', response: expected })
    }
  })

  test('contract 2: raises an error for a reading that was closed', async () => {
    const encoder = openAiResponses.create(FACTS, { ids: false })
    const bytes = [
      encoder.open(startOf('start')),
      encoder.encode(toEntries([text('a')])),
      encoder.closed({ type: 'closed', code: 'draining' }),
    ].join('')
    await expect(rawOf(bytes)).rejects.toThrow(APIError)
    await expect(rawOf(bytes)).rejects.toMatchObject({ code: 'draining' })
    await expect(finalOf(bytes)).rejects.toThrow('This reading is over (draining)')
  })

  test.each([true, false])('skips heartbeats; ids: %s', async (ids) => {
    const encoder = openAiResponses.create(FACTS, { ids })
    const first = encoder.open(startOf('start'))
    const parts = toEntries([text('a'), { type: 'data', name: 'progress', data: 1 }, STOP]).flatMap((entry) => [
      encoder.heartbeat(),
      encoder.encode([entry]),
    ])
    const events = await rawOf([first, ...parts].join(''))
    expect(events.filter(({ type }) => type.endsWith('.delta'))).toMatchObject([{ delta: 'a' }])
    expect(events.at(-1)!.type).toBe('response.completed')
  })

  test('reads a stream from any of its events on, and has the whole answer in the end', async () => {
    const events: StreamEvent[] = [{ type: 'reasoning', text: 'h' }, text('a'), text('b'), ...CALLS, CALLED]
    const whole = plainOf(toResponseObject(FACTS, STREAM_ID, events))
    for (let from = 1; from < events.length; from++) {
      const encoder = openAiResponses.create(FACTS, { ids: false })
      const before = encoder.open(startOf('middle', events.slice(0, from)))
      const bytes = `${String(before)}${String(encoder.encode(toEntries(events).slice(from)))}`
      expect(plainOf(await finalOf(bytes))).toEqual(whole)
    }
  })
})
