import { formatCursor, isStreamEvent, type StreamName } from '@sluice/core/extend'
import { hostileText, sourceEvents } from '@sluice/testing'
import fc from 'fast-check'

import { decodeReport, type Report } from '../../src/protocol/attendance.ts'
import { type Chunk, decodeChunk, encodeChunk } from '../../src/protocol/chunk-codec.ts'
import { foreign } from '../../src/protocol/foreign.ts'
import { headIn } from '../../src/protocol/head-codec.ts'
import { scoped, unscoped } from '../../src/protocol/keys.ts'
import { decodeNotice, grantNotice, nameOf, type Notice } from '../../src/protocol/notice.ts'
import { decodePublished } from '../../src/protocol/published.ts'
import { decodeField } from '../../src/protocol/record-codec.ts'
import { fromStoredJson, toStoredJson } from '../../src/protocol/stored-json.ts'
import { countIn } from '../../src/protocol/stored-number.ts'
import { END, FACTS, KEEPING } from './samples.ts'

/** One kind of text that is kept in Redis, or published there. */
export interface Codec {
  readonly name: string
  /** Texts that sluice writes. */
  readonly written: fc.Arbitrary<string>
  decode(text: string): unknown
  /** The text again that was decoded. */
  encode(value: never): string
}

const count = fc.maxSafeNat()
const position = fc.integer({ min: 1, max: 2 ** 40 })
const word = hostileText().map((text) => text.slice(0, 12))
const id = fc.stringMatching(/^[0-9a-z]{1,26}$/)
const reader = word.filter((text) => text !== '')

const chunks = fc
  .tuple(
    position,
    position,
    fc.array(
      fc.oneof(
        word.map((text) => [text]),
        sourceEvents({ maxEvents: 3 }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.boolean(),
  )
  .map(([epoch, firstSeq, runs, ends]): Chunk => ({
    epoch,
    firstSeq,
    events: [...runs.flat(), ...(ends ? [END] : [])],
  }))
  .filter(({ events }) => events.length > 0)

const notices = fc.oneof(
  fc.tuple(word, id, reader, count).map(([tenant, name, who, seq]) => grantNotice({ tenant, id: name }, who, seq)),
  fc
    .tuple(word, id, fc.constantFrom('end', 'erased', 'inbox'))
    .map(([tenant, name, about]) => `{"about":"${about}",${nameOf({ tenant, id: name }).slice(1)}`),
  fc
    .tuple(word, id, count)
    .map(
      ([tenant, name, seq]) =>
        `{"about":"readers","instance":"0a.1","seq":"${seq}",${nameOf({ tenant, id: name }).slice(1)}`,
    ),
)

const names = fc.tuple(
  word.filter((text) => text.isWellFormed() && !text.includes('\ufffd')),
  id,
)

function field(name: Parameters<typeof decodeField>[0], written: fc.Arbitrary<object>): Codec {
  return {
    name: `field ${name}`,
    written: written.map((value) => toStoredJson(value)),
    decode: (text) => decodeField(name, text),
    encode: (value: object) => toStoredJson(value),
  }
}

/** The fields of a meta that are about the head of a log, as they come of a stream that has a head. */
const heads = fc
  .tuple(
    fc.uniqueArray(fc.record({ index: fc.nat(200), finished: fc.boolean(), tools: fc.array(word, { maxLength: 2 }) }), {
      selector: ({ index }) => index,
      maxLength: 4,
    }),
    fc.option(fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'), { nil: undefined }),
    fc.option(fc.record({ inputTokens: count }), { nil: undefined }),
    fc.record({ other: count, epoch: position }),
  )
  .map(([choices, finish, usage, { other, epoch }]): [string, string][] => {
    let seq = 1
    const fields = choices.flatMap(({ index, finished, tools }): [string, string][] => [
      [`b${index}`, String(seq++)],
      [`c${index}`, toStoredJson(tools.length > 0 ? ['tool', tools.at(-1)] : ['text'])],
      ...tools.map((tool): [string, string] => [`t${index}:${seq++}`, toStoredJson([tool, 'look'])]),
      ...(finished ? [[`f${index}`, '1'] as [string, string]] : []),
    ])
    if (finish !== undefined) fields.push(['finish', finish])
    if (usage) fields.push(['usage', toStoredJson(usage)])
    fields.push(['v', '1'], ['other', String(other)], ['epoch', String(epoch)], ['next', String(seq + 1)])
    return fields.map(([field, value]) => [`head:${field}`, value])
  })

/** The fields that `text` has, as pairs: what is no such list was not a reply. */
function fieldsIn(text: string): Map<string, string> {
  const pairs = fromStoredJson(text, 'A reply')
  const isPair = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')
  if (Array.isArray(pairs) && pairs.every(isPair)) return new Map(pairs)
  throw foreign('A reply', 'it has no fields')
}

/** What is read of a head says something everywhere, or it is not read. */
function requireWholeHead(head: ReturnType<typeof headIn>): ReturnType<typeof headIn> {
  for (const { latest, latestTool, tools } of head?.resumeState.choices.values() ?? []) {
    if (!['text', 'reasoning', 'refusal', 'tool', 'finish'].includes(latest)) throw new Error(`A choice said ${latest}`)
    if ((latest === 'tool') !== (typeof latestTool === 'string')) throw new Error('A tool call has no name')
    if (tools.some(({ id: tool, name }) => typeof tool !== 'string' || typeof name !== 'string'))
      throw new Error('No name')
  }
  const { finishReason } = head ?? {}
  if (finishReason !== undefined && !isStreamEvent({ type: 'finish', reason: finishReason }))
    throw new Error('No reason')
  return head
}

/** Every decoder of what Redis gives. */
export const CODECS: readonly Codec[] = [
  {
    name: 'entry',
    written: chunks.map((chunk) => encodeChunk(chunk).payload),
    decode: decodeChunk,
    encode: (chunk: Chunk) => encodeChunk(chunk).payload,
  },
  {
    name: 'notice',
    written: notices,
    decode: decodeNotice,
    encode: (notice: Notice) => toStoredJson(notice),
  },
  {
    name: 'message',
    written: fc.oneof(
      notices,
      fc.constant('erased'),
      count.map((seq) => `stored:${seq}`),
    ),
    decode: (text) => ({ text, read: decodePublished(text) }),
    encode: ({ text }: { text: string }) => text,
  },
  field(
    'facts',
    fc.record({ tenant: word, owner: word, key: word }).map((one) => ({ ...FACTS, ...one })),
  ),
  field('identity', fc.record({ id, tenant: word, owner: word })),
  field(
    'keeping',
    fc.record({ retentionMs: count, windowBytes: count }).map((one) => ({ ...KEEPING, ...one })),
  ),
  field(
    'end',
    word.map((message) => ({ ...END, error: { code: 'SLUICE_ERR_SOURCE', message } })),
  ),
  {
    name: 'head of a log',
    written: heads.map((pairs) => toStoredJson(pairs)),
    // Redis adds it up, and gives it back in an order of its own: what is asked of it is that it is whole.
    decode: (text) => ({ text, head: requireWholeHead(headIn(fieldsIn(text))) }),
    encode: ({ text }: { text: string }) => text,
  },
  field('usage', fc.record({ inputTokens: count, extra: fc.jsonValue() })),
  field('timing', fc.record({ openMs: fc.double({ min: 0, max: 1e9, noNaN: true }), durationMs: count })),
  {
    name: 'name of a stream',
    written: names.map(([tenant, name]) => scoped(tenant, name)),
    decode: unscoped,
    encode: ({ tenant, id: name }: StreamName) => scoped(tenant, name),
  },
  {
    name: 'report of readers',
    written: fc.tuple(count, count).map(([untilMs, seq]) => `${untilMs}:${seq}`),
    decode: decodeReport,
    encode: ({ untilMs, seq }: Report) => `${untilMs}:${seq}`,
  },
  {
    name: 'number',
    written: count.map(String),
    decode: (text) => countIn(text, 'A number'),
    encode: String,
  },
  {
    name: 'message to a source',
    written: fc.jsonValue().map((value) => toStoredJson(value as object)),
    decode: (text) => fromStoredJson(text, 'A message'),
    encode: (value: object) => toStoredJson(value),
  },
]

/** Texts near to `written`: bytes of them are others, missing, or too many; and texts that have nothing to do with it. */
export function spoilt(written: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const odd = fc.constantFrom(
    ...['1e999', '-1', '-0', '1.5', '9007199254740993', '99999999999999999999', 'null', 'true', '""', '[]', '{}', '0'],
  )
  const cut = fc.tuple(written, fc.nat(), fc.nat({ max: 6 }), fc.uint8Array({ maxLength: 6 }))
  return fc.oneof(
    cut.map(([text, at, gone, instead]) => {
      const bytes = Buffer.from(text)
      const place = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, place), instead, bytes.subarray(place + gone)]).toString()
    }),
    // One value in it, of those that stand by themselves, is another.
    fc.tuple(written, fc.nat(), odd).map(([text, which, instead]) => {
      const values = [...text.matchAll(/-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|true|false|null/g)]
      const value = values[which % Math.max(1, values.length)]
      if (!value) return instead
      return text.slice(0, value.index) + instead + text.slice(value.index + value[0].length)
    }),
    fc.tuple(written, written).map((texts) => texts.join('')),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString()),
    fc
      .tuple(fc.constantFrom('[', '{"a":', '[1,1,', '[1,1,{"type":"data","name":"x","data":'), fc.nat({ max: 20_000 }))
      .map(([opening, times]) => opening.repeat(times)),
    fc
      .tuple(fc.constantFrom(formatCursor('abc', 1, 1), '0:', '1:a:', ':', '4:acme'), word)
      .map((texts) => texts.join('')),
  )
}
