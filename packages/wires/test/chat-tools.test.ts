import { expect, test } from 'vitest'
import { chunk, DONE } from './fake-backend.ts'
import { args, call, readPieces as read, text } from './reading.ts'

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
