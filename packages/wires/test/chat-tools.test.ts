import type { SourceItem } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { answering } from './rig/answering.ts'
import { chunk, DONE } from './rig/fake-backend.ts'
import { args, call, contextOf, listOf, readPieces as read, text } from './rig/reading.ts'

const toolDelta = (...calls: object[]) => chunk({ tool_calls: calls })
const open = (index: number, id: string, name: string, value = '') => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: value },
})
const more = (index: number, value: string) => ({ index, function: { arguments: value } })

test('opens a call once and adds its arguments', async () => {
  const events = await read(
    toolDelta(open(0, 'x', 'f')),
    toolDelta(more(0, '{"a"')),
    toolDelta(more(0, ':1}'), open(1, 'y', 'g', '{}')),
    chunk({}, { finish: 'tool_calls' }),
    DONE,
  )
  const finish = { type: 'finish', reason: 'tool_calls' }
  expect(events).toEqual([call('x', 'f'), args('x', '{"a"'), args('x', ':1}'), call('y', 'g'), args('y', '{}'), finish])
})

test('opens a call that has no arguments at all', async () => {
  expect(await read(toolDelta(open(0, 'x', 'f')), chunk({ content: 'a' }), DONE)).toEqual([call('x', 'f'), text('a')])
  expect(await read(toolDelta(open(0, 'x', 'f')), DONE)).toEqual([call('x', 'f')])
})

test('opens calls in the order in which they came, though arguments of an earlier one follow', async () => {
  const events = await read(
    toolDelta(open(0, 'x', 'f', '1')),
    toolDelta(open(1, 'y', 'g')),
    toolDelta(more(0, '2')),
    toolDelta(more(1, '3')),
    DONE,
  )
  expect(events).toEqual([call('x', 'f'), args('x', '1'), call('y', 'g'), args('x', '2'), args('y', '3')])
})

test('makes up an id that stays where the backend has none', async () => {
  const events = await read(
    toolDelta({ index: 0, function: { name: 'f', arguments: '1' } }),
    toolDelta(more(0, '2')),
    DONE,
  )
  expect(events).toEqual([call('call_0_0', 'f'), args('call_0_0', '1'), args('call_0_0', '2')])
})

test('waits for a name that comes late or in pieces', async () => {
  const events = await read(
    toolDelta({ index: 0, id: 'x', function: { name: 'get_' } }),
    toolDelta({ index: 0, function: { name: 'weather' } }),
    toolDelta(more(0, '{}')),
    toolDelta({ index: 1, id: 'y', function: { arguments: '[' } }),
    toolDelta({ index: 1, function: { name: 'late', arguments: ']' } }),
    DONE,
  )
  expect(events).toEqual([call('x', 'get_weather'), args('x', '{}'), call('y', 'late'), args('y', '[]')])
})

test('takes a name or an id that is repeated in every delta for what it is', async () => {
  const events = await read(toolDelta(open(0, 'x', 'f', '1')), toolDelta(open(0, 'x', 'f', '2')), DONE)
  expect(events).toEqual([call('x', 'f'), args('x', '1'), args('x', '2')])
})

test('tells calls apart that all have index 0, or none', async () => {
  const same = await read(toolDelta(open(0, 'x', 'f', '1')), toolDelta(open(0, 'y', 'g', '2')), DONE)
  const none = await read(
    toolDelta({ ...open(0, 'x', 'f', '1'), index: undefined }, { ...open(0, 'y', 'g', '2'), index: undefined }),
    DONE,
  )
  const expected = [call('x', 'f'), args('x', '1'), call('y', 'g'), args('y', '2')]
  expect(same).toEqual(expected)
  expect(none).toEqual(expected)
})

test('gives one call to each choice', async () => {
  const delta = { tool_calls: [{ index: 0, function: { name: 'f', arguments: '1' } }] }
  const events = await read(chunk(delta), chunk(delta, { index: 1 }), DONE)
  expect(events).toEqual([
    call('call_0_0', 'f'),
    args('call_0_0', '1'),
    { ...call('call_1_0', 'f'), choice: 1 },
    { ...args('call_1_0', '1'), choice: 1 },
  ])
})

test('reads the deprecated function_call and custom tools as tool calls that remember their shape', async () => {
  const legacy = { openai: { tool: { type: 'function_call' } } }
  const id = 'call_0_function'
  expect(
    await read(
      chunk({ function_call: { name: 'f', arguments: '' } }),
      chunk({ function_call: { arguments: '{}' } }),
      DONE,
    ),
  ).toEqual([
    { ...call(id, 'f'), extra: legacy },
    { ...args(id, '{}'), extra: legacy },
  ])
  const custom = { openai: { tool: { type: 'custom' } } }
  expect(
    await read(toolDelta({ index: 0, id: 'x', type: 'custom', custom: { name: 'f', input: 'raw' } }), DONE),
  ).toEqual([
    { ...call('x', 'f'), extra: custom },
    { ...args('x', 'raw'), extra: custom },
  ])
})

test('keeps what a provider says of a call', async () => {
  const signed = { ...open(0, 'x', 'f', '{}'), extra_content: { google: { thought_signature: 's' } } }
  const extra = { openai: { tool: { extra_content: { google: { thought_signature: 's' } } } } }
  expect(await read(toolDelta(signed), DONE)).toEqual([{ ...call('x', 'f'), extra }, args('x', '{}')])
})

test('tells of a call as soon as its name is known to be whole', async () => {
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body: { model: 'm' },
    fetch: answering([toolDelta(open(0, 'x', 'f')), toolDelta(more(0, '{}')), DONE]),
  })
  const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem>
  expect(await listOf(items)).toEqual([[call('x', 'f')], [args('x', '{}')]])
})

test('makes a call of each of several objects in one, of which the backend forgot to tell', async () => {
  const joined = await read(toolDelta(open(0, 'x', 'f', '{"a":1} {"a":2}{"a":"}{"}')), DONE)
  expect(joined).toEqual([
    call('x', 'f'),
    args('x', '{"a":1} '),
    call('call_0_0', 'f'),
    args('call_0_0', '{"a":2}'),
    call('call_0_0_3', 'f'),
    args('call_0_0_3', '{"a":"}{"}'),
  ])
})

test('takes arguments that are said once more, all of them, for what they are', async () => {
  const pieces = [toolDelta(open(0, 'x', 'f')), toolDelta(more(0, '{"a"')), toolDelta(more(0, ':[1]}'))]
  const events = [call('x', 'f'), args('x', '{"a"'), args('x', ':[1]}')]
  expect(await read(...pieces, toolDelta(more(0, '{"a":[1]}')), DONE)).toEqual(events)
  expect(await read(...pieces, toolDelta(open(0, 'x', 'f', '{"a":[1]}')), DONE)).toEqual(events)
  expect(await read(...pieces, toolDelta(open(0, 'x', 'f')), DONE)).toEqual(events)
})

test('lets an empty object beside the name stand for arguments that follow', async () => {
  const empty = toolDelta(open(0, 'x', 'f', '{}'))
  expect(await read(empty, toolDelta(more(0, '{"a":')), toolDelta(more(0, '1}')), DONE)).toEqual([
    call('x', 'f'),
    args('x', '{"a":'),
    args('x', '1}'),
  ])
  expect(await read(empty, chunk({ content: 'a' }), DONE)).toEqual([call('x', 'f'), args('x', '{}'), text('a')])
  expect(await read(empty, toolDelta(open(1, 'y', 'g', '{}')), DONE)).toEqual([
    call('x', 'f'),
    args('x', '{}'),
    call('y', 'g'),
    args('y', '{}'),
  ])
})

test('gives calls that share an id one each', async () => {
  const events = await read(toolDelta(open(0, 'x', 'f', '{"a":1}'), open(1, 'x', 'g', '{"a":2}')), DONE)
  expect(events).toEqual([call('x', 'f'), args('x', '{"a":1}'), call('call_0_1', 'g'), args('call_0_1', '{"a":2}')])
})

test('reads arguments that are an object, and an index that is a text', async () => {
  const piece = { index: '1', id: 7, function: { name: 'f', arguments: { a: [1] } } }
  expect(await read(toolDelta(piece), toolDelta({ index: '1', function: { arguments: ' ' } }), DONE)).toEqual([
    call('7', 'f'),
    args('7', '{"a":[1]}'),
    args('7', ' '),
  ])
})

test('keeps what stands beside the name of a function, and calls of other kinds', async () => {
  const function_ = { name: 'f', arguments: '', strict: true }
  const searched = { index: 1, id: 'y', type: 'web_search', web_search: { query: 'q' } }
  expect(await read(toolDelta({ index: 0, id: 'x', function: function_ }, searched), DONE)).toEqual([
    { ...call('x', 'f'), extra: { openai: { tool: { function: { strict: true } } } } },
    { ...call('y', ''), extra: { openai: { tool: { type: 'web_search', web_search: { query: 'q' } } } } },
  ])
})

test('gives what came before the name in the order it came in, and a name that came too late with the arguments', async () => {
  const noted = (note: number, value: string) => ({ index: 0, note, function: { arguments: value } })
  const events = await read(
    toolDelta(noted(1, '{"a"')),
    toolDelta(noted(2, ':')),
    toolDelta({ index: 0, function: { name: 'f', arguments: '1}' } }),
    DONE,
  )
  const tool = (note: number) => ({ openai: { tool: { note } } })
  expect(events).toEqual([
    { ...call('call_0_0', 'f'), extra: tool(1) },
    args('call_0_0', '{"a"'),
    { ...args('call_0_0', ':1}'), extra: tool(2) },
  ])
  const late = await read(
    toolDelta(more(0, '{')),
    chunk({ content: 'a' }),
    toolDelta({ index: 0, function: { name: 'f', arguments: '}' } }),
    DONE,
  )
  expect(late).toEqual([
    call('call_0_0', ''),
    args('call_0_0', '{'),
    text('a'),
    { ...args('call_0_0', '}'), extra: { openai: { tool: { function: { name: 'f' } } } } },
  ])
})
