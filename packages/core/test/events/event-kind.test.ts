import { isTextual, type StreamEvent } from '@sluice/core'
import { isOfChoice, isPlainText } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import { requireSourceEvent } from '../../src/events/source-event.ts'

/** One of each sort, and what is known of it. */
const SORTS: [StreamEvent, string][] = [
  [{ type: 'text', text: 'a' }, 'plain textual choice'],
  [{ type: 'text', text: 'a', choice: 0 }, 'plain textual choice'],
  [{ type: 'text', text: 'a', choice: 1 }, 'textual choice'],
  [{ type: 'text', text: 'a', extra: null }, 'textual choice'],
  [{ type: 'reasoning', text: 'a' }, 'textual choice'],
  [{ type: 'refusal', text: 'a' }, 'textual choice'],
  [{ type: 'tool', phase: 'call', id: 't', name: 'f' }, 'choice'],
  [{ type: 'tool', phase: 'args', id: 't', text: '{' }, 'textual choice'],
  [{ type: 'tool', phase: 'result', id: 't', result: 1 }, 'choice'],
  [{ type: 'tool', phase: 'error', id: 't', message: 'no' }, 'choice'],
  [{ type: 'finish', reason: 'stop' }, 'choice'],
  [{ type: 'data', name: 'n', data: 1 }, ''],
  [{ type: 'usage', usage: {} }, ''],
  [{ type: 'end', reason: 'stop', complete: true }, ''],
  [{ type: 'citation', url: 'x' } as unknown as StreamEvent, ''],
  [{ type: '__proto__' } as unknown as StreamEvent, ''],
]

test.each(SORTS)('%o is known as %o', (event, known) => {
  const kinds = { plain: isPlainText(event), textual: isTextual(event), choice: isOfChoice(event) }
  const names = Object.entries(kinds).filter(([, is]) => is)
  expect(names.map(([name]) => name).join(' ')).toBe(known)
})

test.each([
  [{ type: 'citation' }, 'one of text, reasoning, refusal, tool, data, usage, finish.'],
  [{ type: 'end', reason: 'stop', complete: true }, 'one of text, reasoning, refusal, tool, data, usage, finish.'],
  [{ type: 'tool', phase: 'progress', id: 't' }, 'one of call, args, result, error.'],
  [{ type: 'finish', reason: 'done' }, 'one of stop, length, tool_calls, content_filter.'],
])('a source that yields %o is told what is known', (item, known) => {
  expect(() => requireSourceEvent(item)).toThrow(known)
})
