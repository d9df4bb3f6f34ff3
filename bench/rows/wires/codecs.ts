import type { SourceContext, SourceItem } from '@sluice/core'
import { createResumeState, type Entry, type Wire, type WireFacts } from '@sluice/core/extend'
import { createSseParser, nativeSse } from '@sluice/sse'
import { anthropicMessages, anthropicSource } from '@sluice/wires/anthropic'
import { fromAiSdk, uiMessageStream } from '@sluice/wires/ai-sdk'
import { openAiChat, openAiChatSource } from '@sluice/wires/openai'
import { openAiResponses, openAiResponsesSource, responsesFacts } from '@sluice/wires/openai-responses'

import { textOf, tokenOf } from '../../traffic/fixtures.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const TOKENS = 200_000
const QUICK_TOKENS = 20_000
/** Of each codec, before it is looked at: it is compiled by then. */
const WARM_UP_TOKENS = 20_000
const STREAM_ID = 'bench'
const CREATED = 1_700_000_000
const BODY = { model: 'm' }

/** A wire with what reads it. */
interface Codec {
  readonly name: string
  readonly wire: Wire
  readonly facts: WireFacts
  /** Reads what the wire wrote; gives its text. */
  decode(bytes: string, tokens: number): Promise<string>
}

const CODECS: readonly Codec[] = [
  { name: 'native', wire: nativeSse, facts: {}, decode: async (bytes) => readNative(bytes) },
  {
    name: 'openai.chat',
    wire: openAiChat,
    facts: { created: CREATED, model: 'm', includeUsage: false },
    decode: (bytes) => readSource(openAiChatSource({ baseUrl: 'http://b', body: BODY, fetch: answering(bytes) })),
  },
  {
    name: 'openai.responses',
    wire: openAiResponses,
    facts: responsesFacts({ model: 'm', input: 'hi' }, CREATED),
    decode: (bytes) => readSource(openAiResponsesSource({ baseUrl: 'http://b', body: BODY, fetch: answering(bytes) })),
  },
  {
    name: 'anthropic.messages',
    wire: anthropicMessages,
    facts: { created: CREATED, model: 'm' },
    decode: (bytes) => readSource(anthropicSource({ baseUrl: 'http://b', body: BODY, fetch: answering(bytes) })),
  },
  {
    name: 'ai-sdk',
    wire: uiMessageStream,
    facts: {},
    // Its source reads the parts of a stream of the AI SDK, and no bytes.
    decode: (_bytes, tokens) => readSource(fromAiSdk(() => aiSdkParts(tokens))),
  },
]

export const codecRow: AloneRow = {
  id: 'codecs',
  title: 'Each wire by itself',
  what: `${TOKENS.toLocaleString('en')} tokens of four characters, each an event of its own, written by the encoder of each wire with nothing merged, and read by what reads that wire: in CPU of this process. Sources of providers read a response’s body, cut as fetch cuts it; that of the AI SDK reads parts.`,
  expected:
    'To write an event is to join a few strings around one that is made JSON: 100 to 300 ns. To read one is a line found, JSON parsed and an event made: 1 to 2 µs.',
  contestants: CODECS,
  floors: CODECS.flatMap((contestant) => [
    { what: `${contestant.name}: written`, metric: 'encodeNs', contestant, compare: 'value' as const, unit: 'ns' },
    { what: `${contestant.name}: read`, metric: 'decodeNs', contestant, compare: 'value' as const, unit: 'ns' },
  ]),
  measureAlone: ({ name }, { quick }) =>
    measure(
      CODECS.find((codec) => codec.name === name)!,
      quick,
    ),
}

async function measure(codec: Codec, quick: boolean): Promise<Metrics> {
  await timed(codec, WARM_UP_TOKENS)
  return timed(codec, quick ? QUICK_TOKENS : TOKENS)
}

async function timed(codec: Codec, tokens: number): Promise<Metrics> {
  const entries = entriesOf(tokens)
  let bytes = ''
  const encodeNs = (await cpuNs(() => (bytes = encode(codec, entries)))) / tokens
  let text = ''
  const decodeNs = (await cpuNs(async () => (text = await codec.decode(bytes, tokens)))) / tokens
  if (text !== textOf(0, tokens)) throw new Error(`${codec.name} read something else than was written.`)
  return { encodeNs, decodeNs }
}

function encode({ wire, facts }: Codec, entries: readonly Entry[]): string {
  const encoder = wire.create(facts, { ids: false })
  const opened = { type: 'opened', id: STREAM_ID, cursor: `${STREAM_ID}.1.0`, meta: {} } as const
  const parts = [encoder.open({ opened, resumeState: createResumeState(), past: [], mode: 'start', ended: false })]
  for (const entry of entries) parts.push(encoder.encode([entry]))
  return parts.join('')
}

function entriesOf(tokens: number): Entry[] {
  const entries = Array.from({ length: tokens }, (_, index): Entry => ({
    event: { type: 'text', text: tokenOf(0, index) },
    epoch: 1,
    seq: index + 1,
  }))
  return [...entries, { event: { type: 'end', reason: 'stop', complete: true }, epoch: 1, seq: tokens + 1 }]
}

async function cpuNs(work: () => unknown): Promise<number> {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return 1_000 * (user + system)
}

function readNative(bytes: string): string {
  let text = ''
  const parser = createSseParser({
    onEvent({ event, data }) {
      if (event === 'text') text += (JSON.parse(data) as { text: string }).text
    },
  })
  parser.push(new TextEncoder().encode(bytes))
  return text
}

function answering(bytes: string): typeof fetch {
  return async () => new Response(bytes, { headers: { 'content-type': 'text/event-stream' } })
}

async function* aiSdkParts(tokens: number): AsyncGenerator<object> {
  yield { type: 'text-start', id: '0' }
  for (let index = 0; index < tokens; index++) yield { type: 'text-delta', id: '0', text: tokenOf(0, index) }
  yield { type: 'text-end', id: '0' }
  yield { type: 'finish', finishReason: 'stop', totalUsage: {} }
}

const CONTEXT: SourceContext = {
  id: STREAM_ID,
  meta: {},
  signal: new AbortController().signal,
  inbox: (async function* () {})(),
  touch: () => {},
  prefix: '',
  input: undefined,
}

async function readSource(source: (context: SourceContext) => unknown): Promise<string> {
  let text = ''
  for await (const item of (await source(CONTEXT)) as AsyncIterable<SourceItem>) {
    for (const one of Array.isArray(item) ? (item as SourceItem[]) : [item]) {
      if (typeof one === 'string') text += one
      else if ('type' in one && one.type === 'text') text += one.text
    }
  }
  return text
}
