import type { Source, SourceEvent, SourceItem } from '@sluice/core'
import { messagesProvider, responsesProvider } from '@sluice/http/providers'
import { anthropicSource } from '@sluice/wires/anthropic'
import { openAiChatSource } from '@sluice/wires/openai'
import { openAiResponsesSource } from '@sluice/wires/openai-responses'
import { describe, expect, test } from 'vitest'

import { eventsOf as sourceEventsOf } from '../../../wires/test/rig/reading.ts'
import { mergedAnswer } from '../../../wires/test/rig/merged-events.ts'
import { createRig, type Rig, saying } from '../rig/rig.ts'

const ITEMS: SourceItem[] = [
  { type: 'reasoning', text: 'h' },
  { type: 'reasoning', text: 'm' },
  'Let ',
  'me see',
  { type: 'tool', phase: 'call', id: 'x', name: 'f' },
  { type: 'tool', phase: 'args', id: 'x', text: '{"a":' },
  { type: 'tool', phase: 'args', id: 'x', text: '1}' },
  { type: 'finish', reason: 'tool_calls' },
]
const EVENTS = ITEMS.map((item): SourceEvent =>
  typeof item === 'string' ? { type: 'text', text: item } : (item as SourceEvent),
)

const providers = [responsesProvider, messagesProvider]
const STARTS: [string, string][] = [
  ['native', '/streams'],
  ['openai.chat', '/chat/completions'],
  ['openai.responses', '/responses'],
  ['anthropic.messages', '/messages'],
]

/** What a reader of this wire has read, by the source for its provider. */
const READERS: Readonly<Record<string, (fetch: typeof globalThis.fetch) => Source>> = {
  'openai.chat': (fetch) => openAiChatSource({ baseUrl: 'http://backend', body: {}, fetch }),
  'openai.responses': (fetch) => openAiResponsesSource({ baseUrl: 'http://backend', body: {}, fetch }),
  'anthropic.messages': (fetch) => anthropicSource({ baseUrl: 'http://backend', body: {}, fetch }),
}

async function startOn(rig: Rig, path: string): Promise<string> {
  const body = { model: 'm', stream: true, messages: [], input: 'hi' }
  const response = await rig.ask('POST', path, { json: body })
  await response.text()
  return response.headers.get('sluice-stream-id')!
}

const readOn = (rig: Rig, wire: string, url: string) => sourceEventsOf(READERS[wire]!(async () => rig.ask('GET', url)))

describe.each(STARTS)('a stream that was started on %s', (_, path) => {
  test.each(Object.keys(READERS))('contract 1: is read as it is on %s, from its beginning', async (wire) => {
    const rig = createRig(saying(...ITEMS), { providers })
    const id = await startOn(rig, path)
    expect(mergedAnswer(await readOn(rig, wire, `/streams/${id}?wire=${wire}`))).toEqual(mergedAnswer(EVENTS))
  })

  test.each(Object.keys(READERS))(
    'is read from any event on by a new reader of %s, whose calls are whole',
    async (wire) => {
      const rig = createRig(saying(...ITEMS), { providers })
      const id = await startOn(rig, path)
      for (let from = 1; from < ITEMS.length - 1; from++) {
        const read = mergedAnswer(await readOn(rig, wire, `/streams/${id}?wire=${wire}&after=${id}.1.${from}`))
        expect(read.findLast(({ type }) => type === 'finish')).toEqual({ type: 'finish', reason: 'tool_calls' })
        const [, , call, args] = mergedAnswer(EVENTS)
        expect(read).toContainEqual(call)
        // A chat completion's clients are told of a call that is under way, and not of what they have missed of it.
        if (wire !== 'openai.chat' || from < 5) expect(read).toContainEqual(args)
      }
    },
  )
})

describe('wires for scripts', () => {
  test('ndjson is a line an event, each with its cursor', async () => {
    const rig = createRig(saying('a', 'b'))
    const id = await startOn(rig, '/streams')
    const response = await rig.ask('GET', `/streams/${id}?wire=ndjson`)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await response.text()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'text', cursor: `${id}.1.2`, text: 'ab' },
      { type: 'end', cursor: `${id}.1.3`, reason: 'stop', complete: true },
    ])
    const rest = await (await rig.ask('GET', `/streams/${id}?wire=ndjson&after=${id}.1.1`)).text()
    expect(rest).toContain('"text":"b"')
  })

  test('text is the text of the first choice', async () => {
    const rig = createRig(saying('a', { type: 'reasoning', text: 'hm' }, { type: 'text', text: 'x', choice: 1 }, 'b'))
    const id = await startOn(rig, '/streams')
    const response = await rig.ask('GET', `/streams/${id}?wire=text`)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe('ab')
  })

  test('contract 2: a text that was cut does not look complete', async () => {
    const rig = createRig(() =>
      (async function* () {
        yield 'a'
        throw new Error('broken')
      })(),
    )
    const id = await startOn(rig, '/streams')
    await expect((await rig.ask('GET', `/streams/${id}?wire=text`)).text()).rejects.toThrow(
      'The response was cut before its end.',
    )
  })
})

describe('a resource without providers', () => {
  test('has none of their routes, nor their wires', async () => {
    const rig = createRig(saying('a'))
    expect(rig.resource.owns('/responses') || rig.resource.owns('/messages')).toBe(false)
    const id = await startOn(rig, '/streams')
    const refused = await rig.ask('GET', `/streams/${id}?wire=openai.responses`)
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('native, openai.chat, ndjson, text.'),
    ])
  })
})

test('a stream whose beginning is gone is refused on the wires that repeat it, and goes on where others are', async () => {
  const pieces = Array.from({ length: 2_000 }, (_, index) => `${String(index).padStart(40, '.')} `)
  const stream = { retentionBytes: 32 * 1024, windowBytes: 4_096 }
  const rig = createRig(saying(...pieces), { providers, sluice: { stream } })
  const id = await startOn(rig, '/streams')
  const after = `after=${id}.1.${pieces.length - 1}`
  for (const wire of ['openai.responses', 'anthropic.messages']) {
    const refused = await rig.ask('GET', `/streams/${id}?wire=${wire}&${after}`)
    expect([wire, refused.status, await refused.json()]).toMatchObject([
      wire,
      410,
      { code: 'SLUICE_ERR_CURSOR_TRIMMED' },
    ])
  }
  expect(
    (await rig.ask('GET', `/responses/resp_${id}?stream=true&starting_after=${16 * (pieces.length - 1)}`)).status,
  ).toBe(410)
  for (const wire of ['native', 'openai.chat', 'ndjson', 'text']) {
    const rest = await (await rig.ask('GET', `/streams/${id}?wire=${wire}&${after}`)).text()
    expect(rest).toContain(pieces.at(-1)!.trim())
  }
})
