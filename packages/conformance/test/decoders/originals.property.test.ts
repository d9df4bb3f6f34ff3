import { _iterSSEMessages as iterAnthropic } from '@anthropic-ai/sdk/core/streaming'
import { getLines, getMessages } from '@microsoft/fetch-event-source/lib/cjs/parse.js'
import { type DecodedMessage, describeSseParser, sseDecoders } from '@sluice/conformance/sse'
import { check } from '@sluice/testing'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { _iterSSEMessages as iterOpenAi } from 'openai/core/streaming'
import { expect, test } from 'vitest'

import { readWithPolyfill } from './polyfill-reader.ts'
import { streamBytes } from './stream-bytes.ts'

/** What came of a stream: its messages, and the id that its reader would come back with, where it has one. */
interface Read {
  messages: DecodedMessage[]
  lastEventId?: string
}

type ReadWithOriginal = (pieces: readonly Uint8Array[]) => Read | Promise<Read>

function readWithOurs(name: string, pieces: readonly Uint8Array[]): Read {
  const { begin, ids } = sseDecoders.find((decoder) => decoder.name === name)!
  const decoding = begin()
  const messages = [...pieces.flatMap((piece) => decoding.push(piece)), ...decoding.end()]
  return ids ? { messages: messages.map(pick), lastEventId: decoding.lastEventId } : { messages: messages.map(pick) }
}

const pick = ({ event, data, id }: DecodedMessage): DecodedMessage => ({ event, data, id })

/** Pieces as text, as a `TextDecoder` gives it. */
function textsOf(pieces: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder()
  return pieces.map((piece) => decoder.decode(piece, { stream: true }))
}

const originals: Record<string, ReadWithOriginal> = {
  'eventsource-parser'(pieces) {
    const messages: DecodedMessage[] = []
    let lastEventId = ''
    const parser = createParser({
      onEvent: ({ event = '', data, id = '' }) => messages.push({ event, data, id }),
      onId: (id) => (lastEventId = id),
    })
    for (const text of textsOf(pieces)) parser.feed(text)
    return { messages, lastEventId }
  },
  'event-source-polyfill': (pieces) => readWithPolyfill(textsOf(pieces)),
  'fetch-event-source'(pieces) {
    const messages: DecodedMessage[] = []
    let lastEventId = ''
    const onMessage = ({ event, data, id }: DecodedMessage): void => void messages.push({ event, data, id })
    const onLine = getMessages(
      (id) => (lastEventId = id),
      () => {},
      onMessage,
    )
    const onChunk = getLines(onLine)
    for (const piece of pieces) onChunk(piece)
    return { messages, lastEventId }
  },
  'openai-node': (pieces) => readIterated(pieces, iterOpenAi),
  'anthropic-node': (pieces) => readIterated(pieces, iterAnthropic),
}

type Iterate = (
  response: Response,
  controller: AbortController,
) => AsyncIterable<{ event: string | null; data: string }>

async function readIterated(pieces: readonly Uint8Array[], iterate: Iterate): Promise<Read> {
  const body = ReadableStream.from(pieces) as ReadableStream<Uint8Array<ArrayBuffer>>
  const messages: DecodedMessage[] = []
  for await (const { event, data } of iterate(new Response(body), new AbortController()))
    messages.push({ event: event ?? '', data, id: '' })
  return { messages }
}

test.each(Object.entries(originals))(
  '%s does what its original does, whatever the bytes and however cut',
  async (name, read) => {
    await check(
      fc.asyncProperty(streamBytes, async (pieces) => {
        const wanted = await read(pieces)
        expect(readWithOurs(name, pieces)).toEqual({ ...readWithOurs(name, pieces), ...wanted })
      }),
    )
  },
)

describeSseParser('EventSource, made anew', (pieces) => ({ events: readWithOurs('EventSource', pieces).messages }))

test('only an EventSource comes back with an id that came without data, and fetch-event-source before its block is over', () => {
  const pieces = ['id: 1\ndata\n\nid: 2\n\n', 'id: 3\n'].map((text) => new TextEncoder().encode(text))
  const told = sseDecoders.filter(({ ids }) => ids).map(({ name }) => [name, readWithOurs(name, pieces).lastEventId])
  expect(Object.fromEntries(told)).toEqual({
    EventSource: '2',
    'eventsource-parser': '2',
    'event-source-polyfill': '1',
    'fetch-event-source': '3',
    'httpx-sse': '2',
    'httpx iter_lines': '2',
    'r3labs/sse': '3',
    'okhttp-sse': '1',
  })
})
