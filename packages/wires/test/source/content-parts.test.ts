import type { Json, SourceEvent } from '@sluice/core'
import { toChatCompletion } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { dataOf, FACTS, readPieces as read, STOP, STREAM_ID, text, write } from '../rig/reading.ts'

const parts = (...content: Json[]): SourceEvent => ({ ...text(''), extra: { openai: { delta: { content } } } })
const thinking = (value: string): Json => ({ type: 'thinking', thinking: [{ type: 'text', text: value }] })
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }

const contentOf = (events: readonly SourceEvent[]): unknown =>
  toChatCompletion(FACTS, STREAM_ID, [...events, STOP]).choices[0]!.message.content

test('of a list of parts, text is text, and whatever else there is stays in its place', async () => {
  const events = await read(
    chunk({ content: [thinking('Two and ')] }),
    chunk({ content: [thinking('two.'), { type: 'text', text: 'It ' }, { type: 'text', text: 'is ' }, image, 'four'] }),
    chunk({ content: '.' }),
    DONE,
  )
  expect(events).toEqual([
    parts(thinking('Two and ')),
    parts(thinking('two.')),
    text('It is '),
    parts(image),
    text('four'),
    text('.'),
  ])
  const contents = dataOf(write([...events, STOP])).flatMap((data) =>
    data === '[DONE]' ? [] : [(data as { choices: { delta: { content?: unknown } }[] }).choices[0]!.delta.content],
  )
  expect(contents).toEqual([[thinking('Two and ')], [thinking('two.')], 'It is ', [image], 'four', '.', undefined])
  expect(contentOf(events)).toEqual([
    thinking('Two and '),
    thinking('two.'),
    { type: 'text', text: 'It is ' },
    image,
    { type: 'text', text: 'four.' },
  ])
})

test('text that comes before the first part of another kind is a part of its own', async () => {
  const events = await read(chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({ content: [image] }), DONE)
  expect(contentOf(events)).toEqual([{ type: 'text', text: 'ab' }, image])
})

test('parts of text alone make a text', async () => {
  const events = await read(chunk({ content: [{ type: 'output_text', text: 'a' }, { text: 'b' }, null, ''] }), DONE)
  expect(events).toEqual([text('ab')])
  expect(contentOf(events)).toBe('ab')
})

test('a part of text gives its text, and keeps what else it holds', async () => {
  const cited = { type: 'text', text: 'a', annotations: [{ url: 'x' }] }
  const events = await read(
    chunk({ content: [cited, { type: 'refusal', refusal: 'no' }, { type: 'text', text: 7 }] }),
    DONE,
  )
  expect(events).toEqual([
    text('a'),
    parts({ ...cited, text: '' }),
    { type: 'refusal', text: 'no' },
    parts({ type: 'text', text: 7 }),
  ])
})

test('what stands beside the parts goes with the first of them', async () => {
  const [first] = await read(chunk({ content: [image], audio: { id: 'x' } }, { chunk: { note: 1 } }), DONE)
  expect(first).toEqual({
    ...text(''),
    extra: { openai: { chunk: { note: 1 }, delta: { content: [image], audio: { id: 'x' } } } },
  })
})
