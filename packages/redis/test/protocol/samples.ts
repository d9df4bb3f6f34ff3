import type { EndEvent, SourceEvent, StreamEvent } from '@sluice/core'
import { type Keeping, resolveStreamOptions, type StreamFacts } from '@sluice/core/extend'

/** One event of every shape there is, with everything that it may have. */
export const EVENTS: readonly SourceEvent[] = [
  { type: 'text', text: 'a', choice: 1, extra: { openai: { n: 1.5 } } },
  { type: 'reasoning', text: 'b', as: 'reasoning_content' },
  { type: 'refusal', text: 'c' },
  { type: 'tool', phase: 'call', id: 'call_1', name: 'weather' },
  { type: 'tool', phase: 'args', id: 'call_1', text: '{"city":' },
  { type: 'tool', phase: 'result', id: 'call_1', result: { wind: [7, null] } },
  { type: 'tool', phase: 'error', id: 'call_1', message: 'The gauge is dry.' },
  { type: 'data', name: 'progress', data: { step: 1 } },
  { type: 'usage', usage: { inputTokens: 9, outputTokens: 2, extra: { cached: true } } },
  { type: 'finish', reason: 'length' },
]

export const END: EndEvent = {
  type: 'end',
  reason: 'error',
  complete: false,
  cause: 'source',
  usage: { outputTokens: 2, estimated: true },
  error: { code: 'SLUICE_ERR_BACKEND', message: 'The backend is busy.', status: 429, retryable: true },
}

export const KEEPING: Keeping = {
  retentionBytes: 1_048_576,
  retentionMs: 3_600_000,
  leaseMs: 10_000,
  windowBytes: 65_536,
  durability: { replicas: 1 },
}

export const FACTS: StreamFacts = {
  id: 'abc123',
  tenant: 'acme',
  owner: 'ada',
  key: 'chat',
  meta: { title: 'A "vector"' },
  wire: { name: 'openai.chat', facts: { model: 'vector-1', created: 1_700_000_000 } },
  createdAtMs: 1_700_000_000_000,
  idempotency: { key: 'once', fingerprint: 'f' },
  source: { name: 'model', input: { prompt: 'Hi' } },
  options: resolveStreamOptions({ onDisconnect: 'continue' }),
}

/** What a member is: any text, one of a few, yes or no, a number, an object. */
export type MemberKind = 'text' | 'one of a few' | 'flag' | 'number' | 'object'

/** What cannot stand where such a member is. */
export const WRONG: Readonly<Record<MemberKind, readonly unknown[]>> = {
  text: [undefined, null, 1, true, [], {}],
  'one of a few': [undefined, null, 1, true, [], {}, '', 'nobody knows this'],
  flag: [undefined, null, 0, 'true', [], {}],
  number: [undefined, null, '1', true, [], {}],
  object: [undefined, null, 1, true, 'nobody knows this'],
}

type Members = Readonly<Record<string, MemberKind>>

/** Members without which an event says nothing, by its type and phase. */
export const EVENT_MEMBERS: Readonly<Record<string, Members>> = {
  text: { type: 'one of a few', text: 'text' },
  reasoning: { type: 'one of a few', text: 'text' },
  refusal: { type: 'one of a few', text: 'text' },
  'tool call': { type: 'one of a few', phase: 'one of a few', id: 'text', name: 'text' },
  'tool args': { type: 'one of a few', phase: 'one of a few', id: 'text', text: 'text' },
  'tool result': { type: 'one of a few', phase: 'one of a few', id: 'text' },
  'tool error': { type: 'one of a few', phase: 'one of a few', id: 'text', message: 'text' },
  data: { type: 'one of a few', name: 'text' },
  usage: { type: 'one of a few', usage: 'object' },
  finish: { type: 'one of a few', reason: 'one of a few' },
  end: { type: 'one of a few', reason: 'one of a few', complete: 'flag' },
}

/** The same of what is kept beside a log. */
export const FIELD_MEMBERS: Readonly<Record<'facts' | 'keeping', Members>> = {
  facts: { id: 'text', tenant: 'text', owner: 'text', meta: 'object', createdAtMs: 'number' },
  keeping: {
    retentionBytes: 'number',
    retentionMs: 'number',
    leaseMs: 'number',
    windowBytes: 'number',
    durability: 'one of a few',
  },
}

export function kindOf(event: StreamEvent): string {
  return event.type === 'tool' ? `tool ${event.phase}` : event.type
}
