import type { Json, StreamEvent } from '@sluice/core'
import { toChatCompletion } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { dataOf, FACTS, STOP, STREAM_ID, write } from './rig/reading.ts'

type Place = 'chunk' | 'choice' | 'delta' | 'tool'

const said = (place: Place, members: Json): StreamEvent => ({
  type: 'text',
  text: '',
  extra: { openai: { [place]: members } },
})
const bodyOf = (...events: StreamEvent[]) => toChatCompletion(FACTS, STREAM_ID, [...events, STOP])
const choiceOf = (...events: StreamEvent[]) => bodyOf(...events).choices[0]!

test('pieces of audio make one, whose id stays itself', () => {
  const pieces = [
    { id: 'audio_1', transcript: 'He' },
    { id: 'audio_1', data: 'AA' },
    { id: 'audio_1', data: 'AA', expires_at: 9 },
  ]
  const { message } = choiceOf(...pieces.map((audio) => said('delta', { audio })))
  expect(message).toMatchObject({ audio: { id: 'audio_1', transcript: 'He', data: 'AAAA', expires_at: 9 } })
})

test('a list that has grown is told once, and pieces of a list are put together', () => {
  const lists = (...all: Json[][]): unknown => bodyOf(...all.map((citations) => said('chunk', { citations }))).citations
  expect(lists(['a'], ['a', 'b'], ['a', 'b', { c: 1 }])).toEqual(['a', 'b', { c: 1 }])
  expect(lists(['a'], ['b'], ['c'])).toEqual(['a', 'b', 'c'])
  const tokens = choiceOf(said('choice', { token_ids: [1] }), said('choice', { token_ids: [1, 2] }))
  expect(tokens.token_ids).toEqual([1, 1, 2])
})

test('members of an object that come one after the other are all there', () => {
  expect(
    bodyOf(said('chunk', { x_groq: { id: 'r' } }), said('chunk', { x_groq: { usage: { total: 1 } } })).x_groq,
  ).toEqual({
    id: 'r',
    usage: { total: 1 },
  })
})

test('what a backend sent never takes the place of what we model', () => {
  const { message } = choiceOf(
    {
      type: 'tool',
      phase: 'call',
      id: 'x',
      name: 'f',
      extra: { openai: { delta: { tool_calls: 'odd', refusal: [1] } } },
    },
    { type: 'refusal', text: 'no' },
  )
  expect(message).toMatchObject({ tool_calls: [{ id: 'x' }], refusal: 'no' })
  expect(choiceOf(said('delta', { role: 'tool' }), said('delta', { role: 'tool' })).message.role).toBe('tool')
})

test('what stands inside of a called function stays there, on either wire', () => {
  const extra = (function_: Json, more: object = {}): Json => ({ openai: { tool: { function: function_, ...more } } })
  const events: StreamEvent[] = [
    {
      type: 'tool',
      phase: 'call',
      id: 'x',
      name: 'f',
      extra: extra({ strict: true, name: 'forged' }, { signature: 's' }),
    },
    { type: 'tool', phase: 'args', id: 'x', text: '{}', extra: extra({ note: 1 }) },
    { type: 'tool', phase: 'call', id: 'y', name: 'g', extra: extra({ odd: 1 }, { type: 'function_call' }) },
    { type: 'tool', phase: 'args', id: 'y', text: '[]', extra: extra({ odd: 2 }, { type: 'function_call' }) },
  ]
  expect(choiceOf(...events).message).toMatchObject({
    tool_calls: [
      { id: 'x', type: 'function', function: { name: 'f', arguments: '{}', strict: true, note: 1 }, signature: 's' },
    ],
    function_call: { name: 'g', arguments: '[]', odd: 2 },
  })
  const deltas = dataOf(write(events)).map((data) => (data as { choices: { delta: object }[] }).choices[0]!.delta)
  expect(deltas).toMatchObject([
    { tool_calls: [{ id: 'x', function: { name: 'f', arguments: '', strict: true }, signature: 's' }] },
    { tool_calls: [{ index: 0, function: { arguments: '{}', note: 1 } }] },
    { function_call: { name: 'g', arguments: '', odd: 1 } },
    { function_call: { arguments: '[]', odd: 2 } },
  ])
})
