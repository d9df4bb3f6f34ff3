import Anthropic, { APIError } from '@anthropic-ai/sdk'
import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import type { StreamEvent } from '@sluice/core'
import { anthropicMessages, toAnthropicMessage } from '@sluice/wires/anthropic'
import { describe, expect, test } from 'vitest'
import { args, call, FACTS, listOf, startOf, STOP, STREAM_ID, text, toEntries, writeOn } from '../rig/reading.ts'
import { serveBytes } from '../rig/serving.ts'

const REQUEST = { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hi' }] }

const clientAt = (address: string) => new Anthropic({ apiKey: 'x', baseURL: address, maxRetries: 0 })

async function rawOf(bytes: string): Promise<RawMessageStreamEvent[]> {
  await using served = await serveBytes(bytes)
  return await listOf(await clientAt(served.address).messages.create({ ...REQUEST, stream: true }))
}

async function finalOf(bytes: string): Promise<Message> {
  await using served = await serveBytes(bytes)
  return await clientAt(served.address).messages.stream(REQUEST).finalMessage()
}

const write = (events: readonly StreamEvent[]): string => writeOn(anthropicMessages, events)

/** What the helper has gathered is the body that a client gets who asks for no stream. */
async function expectSameFinal(events: readonly StreamEvent[]): Promise<Message> {
  const final = await finalOf(write(events))
  expect(plainOf(final)).toEqual(plainOf(toAnthropicMessage(FACTS, STREAM_ID, events)))
  return final
}

/** Without what the helper makes of it. */
function plainOf(message: object): unknown {
  const made = new Set(['parsed', 'parsed_output', '_request_id'])
  return JSON.parse(JSON.stringify(message, (name, value: unknown) => (made.has(name) ? undefined : value)))
}

const CALLS = [call('x', 'f'), args('x', '{"a":'), args('x', '1}'), call('y', 'g'), args('y', '{}')]
const CALLED: StreamEvent = { type: 'end', reason: 'tool_calls', complete: true }
const CITATION = { type: 'char_location', cited_text: 'a', document_index: 0, start_char_index: 0, end_char_index: 1 }

describe('the official client', () => {
  test('reads text, hostile characters included, and usage', async () => {
    const texts = ['Hel', 'lo\r\n', '\u2028', '👩‍👩‍👧', '"\\', 'event: error\n\n']
    const end: StreamEvent = { ...STOP, usage: { inputTokens: 3, outputTokens: 7 } }
    const final = await expectSameFinal([...texts.map(text), end])
    expect(final.content).toMatchObject([{ type: 'text', text: texts.join('') }])
    expect(final).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 3, output_tokens: 7 } })
  })

  test('reads events in the order in which the provider sends them, input tokens first where they are known', async () => {
    const usage: StreamEvent = { type: 'usage', usage: { inputTokens: 3, outputTokens: 1 } }
    const events = await rawOf(write([usage, text('a'), text('b'), ...CALLS.slice(0, 2), CALLED]))
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(events[0]).toMatchObject({ message: { content: [], usage: { input_tokens: 3 } } })
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { input_tokens: 3 } })
  })

  test('reads thinking with its signature, thinking that is hidden, citations and calls', async () => {
    const final = await expectSameFinal([
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'm' },
      { type: 'reasoning', text: '', extra: { anthropic: { signature: 'sig' } } },
      { type: 'reasoning', text: '', extra: { anthropic: { block: { type: 'redacted_thinking', data: 'AA' } } } },
      text('a'),
      { type: 'text', text: '', extra: { anthropic: { citation: CITATION } } },
      { type: 'text', text: '', extra: { anthropic: { block: {} } } },
      text('b'),
      ...CALLS,
      CALLED,
    ])
    expect(final.content).toMatchObject([
      { type: 'thinking', thinking: 'hm', signature: 'sig' },
      { type: 'redacted_thinking', data: 'AA' },
      { type: 'text', text: 'a', citations: [CITATION] },
      { type: 'text', text: 'b', citations: null },
      { type: 'tool_use', id: 'x', name: 'f', input: { a: 1 } },
      { type: 'tool_use', id: 'y', name: 'g', input: {} },
    ])
  })

  test('reads an answer of nothing, and one whose backend calls a tool and says that it has stopped', async () => {
    await expectSameFinal([STOP])
    expect((await expectSameFinal([...CALLS, STOP])).stop_reason).toBe('tool_use')
    expect((await expectSameFinal([{ type: 'refusal', text: 'no' }, STOP])).content).toMatchObject([{ text: 'no' }])
  })

  test.each([
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
  ] as const)('reads why an answer stopped: %s', async (reason, told) => {
    expect((await expectSameFinal([text('a'), { type: 'end', reason, complete: true }])).stop_reason).toBe(told)
  })

  test('contract 2: raises an error for a stream that was cut, before its first word or after it', async () => {
    const own = { error: { message: 'boom', type: 'overloaded_error' } }
    const ends: [StreamEvent, object][] = [
      [{ type: 'end', reason: 'cancelled', complete: false, cause: 'client' }, { type: 'api_error' }],
      [{ type: 'end', reason: 'interrupted', complete: false }, { type: 'api_error' }],
      [
        {
          type: 'end',
          reason: 'error',
          complete: false,
          error: { code: 'SLUICE_ERR_BACKEND', message: 'masked', status: 529, extra: own },
        },
        { type: 'overloaded_error', error: { error: { message: 'boom', code: 'SLUICE_ERR_BACKEND' } } },
      ],
    ]
    for (const [end, expected] of ends) {
      for (const events of [[end], [text('a'), end]]) {
        for (const read of [rawOf, finalOf]) {
          const error = await read(write(events)).catch((cause: unknown) => cause)
          expect(error).toBeInstanceOf(APIError)
          expect(error).toMatchObject(expected)
        }
      }
    }
  })

  test('contract 2: raises an error for a reading that was closed', async () => {
    const encoder = anthropicMessages.create(FACTS, { ids: false })
    const bytes = [
      encoder.open(startOf('start')),
      encoder.encode(toEntries([text('a')])),
      encoder.closed({ type: 'closed', code: 'draining' }),
    ].join('')
    await expect(rawOf(bytes)).rejects.toMatchObject({ type: 'overloaded_error' })
    await expect(finalOf(bytes)).rejects.toThrow('This reading is over (draining)')
  })

  test.each([true, false])('skips pings, also before the message begins; ids: %s', async (ids) => {
    const encoder = anthropicMessages.create(FACTS, { ids })
    const first = encoder.open(startOf('start'))
    const parts = toEntries([text('a'), { type: 'data', name: 'progress', data: 1 }, STOP]).flatMap((entry) => [
      encoder.heartbeat(),
      encoder.encode([entry]),
    ])
    const bytes = [first, ...parts].join('')
    expect((await rawOf(bytes)).map(({ type }) => type)).not.toContain('ping')
    expect((await finalOf(bytes)).content).toMatchObject([{ text: 'a' }])
  })

  test('reads a stream from any of its events on: closed blocks are whole, and so is a call', async () => {
    const events: StreamEvent[] = [{ type: 'reasoning', text: 'h' }, text('a'), text('b'), ...CALLS, CALLED]
    for (let from = 1; from < events.length; from++) {
      const encoder = anthropicMessages.create(FACTS, { ids: false })
      const before = encoder.open(startOf('middle', events.slice(0, from)))
      const final = await finalOf(`${String(before)}${String(encoder.encode(toEntries(events).slice(from)))}`)
      const began = from === 1 ? '' : 'h'
      const missed = from === 2 ? 'b' : from === 3 ? '' : 'ab'
      expect(final.content).toMatchObject([
        { thinking: began },
        { text: missed },
        { id: 'x', input: { a: 1 } },
        { id: 'y', input: {} },
      ])
    }
  })
})
