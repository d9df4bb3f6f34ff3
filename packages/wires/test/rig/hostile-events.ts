import type { EndEvent, FinishReason, Json, SourceEvent, StreamEvent } from '@sluice/core'
import * as fc from 'fast-check'

/** Text that breaks naive code: line ends, separators, quotes, halves of pairs, what looks like our own framing. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '\n',
    '\r',
    '\r\n\r\n',
    '\u2028\u2029',
    '\u0000',
    '👩‍👩‍👧',
    '\ud83d',
    '\ude00',
    '\ufeff',
    '"',
    '\\',
    '\\"},"finish_reason":null}]}',
    'data: [DONE]\n\n',
    '[DONE]',
    'id: x\n',
    '__proto__',
    '{"content":"x"}',
    '한국어',
  ),
)

const extraChunk = fc.constantFrom<Json>(
  { openai: { chunk: { system_fingerprint: 'fp', provider: 'p' } } },
  { openai: { chunk: { provider: 'q' }, choice: { logprobs: { content: [{ token: 'a', logprob: -1 }] } } } },
  { openai: { choice: { token_ids: [1, 2], stop_reason: 5 }, delta: { audio: { data: 'AA', expires_at: 9 } } } },
  { openai: { delta: { annotations: [{ url: 'x' }] } } },
)
const extra = fc.option(extraChunk, { freq: 6, nil: undefined })
const choice = fc.integer({ min: 0, max: 2 })

type Step =
  | { kind: 'text' | 'reasoning' | 'refusal'; choice: number; text: string; extra: Json | undefined }
  | { kind: 'call'; choice: number; name: string; extra: Json | undefined }
  | { kind: 'args'; choice: number; tool: number; text: string }
  | { kind: 'finish'; choice: number; reason: FinishReason }
  | { kind: 'data'; text: string }

const reason = fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter')

const piece: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('text', 'text', 'text', 'reasoning', 'refusal'),
  choice: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, choice),
  text: hostileText,
  extra,
})
/** Plain tokens of choice 0 in a row, as nearly all of a real stream is. */
const run: fc.Arbitrary<Step[]> = fc
  .array(hostileText, { minLength: 2, maxLength: 8 })
  .map((texts) => texts.map((text) => ({ kind: 'text', choice: 0, text, extra: undefined })))
const call: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('call'),
  choice,
  name: fc.string({ minLength: 1, maxLength: 8 }),
  extra,
})
/** An object after an object would be the arguments of another call. */
const argsText = hostileText.filter((text) => !text.includes('{'))
const args: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('args'), choice, tool: fc.nat(3), text: argsText })
const finish: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('finish'), choice, reason })
const data: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('data'), text: hostileText })

const steps: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 6, arbitrary: run },
  { weight: 12, arbitrary: fc.tuple(piece) },
  { weight: 4, arbitrary: fc.tuple(call) },
  { weight: 8, arbitrary: fc.tuple(args) },
  { weight: 1, arbitrary: fc.tuple(finish) },
  { weight: 1, arbitrary: fc.tuple(data) },
)

const end: fc.Arbitrary<EndEvent> = fc.record({
  type: fc.constant('end' as const),
  reason,
  complete: fc.constant(true as const),
  usage: fc.record({
    inputTokens: fc.nat(),
    outputTokens: fc.nat(),
    totalTokens: fc.nat(),
    extra: fc.constant({ prompt_tokens_details: { cached_tokens: 1 } }),
  }),
})

/** A whole stream as a log holds it: no empty text, arguments only for known calls, one finish a choice at most. */
export const hostileStream: fc.Arbitrary<StreamEvent[]> = fc
  .tuple(fc.array(steps, { maxLength: 40, size: 'max' }), end)
  .map(([all, last]) => [...toEvents(all.flat()), last])

function toEvents(all: readonly Step[]): SourceEvent[] {
  const events: SourceEvent[] = []
  const tools = new Map<number, string[]>()
  const finished = new Set<number>()
  for (const item of all) {
    if (item.kind === 'data') events.push({ type: 'data', name: 'note', data: item.text })
    else if (!finished.has(item.choice)) add(item)
  }
  return events

  function add(item: Exclude<Step, { kind: 'data' }>): void {
    const at = item.choice === 0 ? {} : { choice: item.choice }
    const known = tools.get(item.choice) ?? []
    if (item.kind === 'finish') {
      finished.add(item.choice)
      events.push({ type: 'finish', reason: item.reason, ...at })
    } else if (item.kind === 'call') {
      const id = `call_${item.choice}_${known.length}_x`
      tools.set(item.choice, [...known, id])
      events.push({ type: 'tool', phase: 'call', id, name: item.name, ...at, ...(item.extra && { extra: item.extra }) })
    } else if (item.kind === 'args') {
      const id = known[item.tool]
      if (id !== undefined && item.text !== '') events.push({ type: 'tool', phase: 'args', id, text: item.text, ...at })
    } else if (item.text !== '') {
      events.push({ type: item.kind, text: item.text, ...at, ...(item.extra && { extra: item.extra }) })
    }
  }
}
