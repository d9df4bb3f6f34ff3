import type { FinishReason, Json, SourceEvent, SourceItem, ToolEvent } from '@sluice/core'
import fc from 'fast-check'
import { hostileText } from './hostile-text.ts'

/** How a list of events is made. */
export interface SourceEventsOptions {
  /**
   * Events in a list, at most; tool calls and finishes come on top.
   * @defaultValue 30
   */
  maxEvents?: number | undefined
  /**
   * Answers told side by side, at most.
   * @defaultValue 3
   */
  maxChoices?: number | undefined
}

/** One item that is no array. */
export type SingleItem = Exclude<SourceItem, readonly unknown[]>

/**
 * Events as sources yield them: text, reasoning and refusals of several choices, tool calls with arguments split
 * anywhere, results and errors, application data, usage, `extra` on any of them; finishes come last.
 *
 * @example
 * ```ts
 * check(fc.property(sourceEvents({ maxChoices: 1 }), (events) => roundTrip(events)))
 * ```
 */
export function sourceEvents(options: SourceEventsOptions = {}): fc.Arbitrary<SourceEvent[]> {
  return fc
    .tuple(looseEvents(options), finishEvents(options))
    .map(([events, finishes]) => [...introduceTools(events), ...finishes])
}

/** Events in any order: a tool's arguments may come without its call. */
export function looseEvents({ maxEvents = 30, maxChoices = 3 }: SourceEventsOptions): fc.Arbitrary<SourceEvent[]> {
  const event = fc
    .record({ event: bareEvent, choice: fc.nat({ max: maxChoices - 1 }), extra })
    .map(({ event, choice, extra }) => withOptions(event, choice, extra))
  return fc.array(event, { maxLength: maxEvents })
}

/** One finish for each of the first few choices. */
export function finishEvents({ maxChoices = 3 }: SourceEventsOptions = {}): fc.Arbitrary<SourceEvent[]> {
  const reason = fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter')
  return fc
    .array(reason, { maxLength: maxChoices })
    .map((reasons) => reasons.map((reason, choice): SourceEvent => ({ type: 'finish', reason, choice })))
}

/** Puts a `call` before the first event of each tool call: arguments of a call nobody made are another test's concern. */
export function introduceTools<Item extends SingleItem>(items: readonly Item[]): (Item | SourceEvent)[] {
  const known = new Set<string>()
  return items.flatMap((item: SingleItem): (Item | SourceEvent)[] => {
    if (typeof item === 'string' || item instanceof Uint8Array) return [item as Item]
    if (item.type !== 'tool' || known.has(item.id)) return [item]
    known.add(item.id)
    return [{ type: 'tool', phase: 'call', id: item.id, name: `tool ${known.size}` }, item]
  })
}

/** How each sort of event is made, and how often: a sort that is added to core has to be made too. */
type Weighted<Sort extends string> = Readonly<Record<Sort, fc.WeightedArbitrary<SourceEvent>>>

/** JSON that survives a copy: `-0` does not survive `JSON.stringify`, nor does `__proto__` survive an assignment. */
const json: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes('"__proto__":'))
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)

const extra: fc.Arbitrary<Json | undefined> = fc.option(json, { freq: 8, nil: undefined })

const piece: fc.Arbitrary<string> = fc
  .tuple(hostileText({ maxPieces: 4 }), fc.nat({ max: 40 }), fc.nat({ max: 11 }))
  .map(([text, from, length]) => text.slice(from % (text.length + 1)).slice(0, 1 + length))

const toolId: fc.Arbitrary<string> = fc.constantFrom('call_1', 'call_2', 'toolu_3\n\ndata: x', '__proto__', '工具')

/** Every phase but the call, which is introduced. */
const toolEvents: Weighted<Exclude<ToolEvent['phase'], 'call'>> = {
  args: {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('tool'), phase: fc.constant('args'), id: toolId, text: piece }),
  },
  result: {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('tool'), phase: fc.constant('result'), id: toolId, result: json }),
  },
  error: {
    weight: 1,
    arbitrary: fc
      .tuple(toolId, piece)
      .map(([id, text]) => ({ type: 'tool', phase: 'error', id, message: text.toWellFormed() })),
  },
}

const dataName: fc.Arbitrary<string> = fc.constantFrom('progress', 'sources', 'end', 'opened', 'a\nb', '__proto__')

const tokens: fc.Arbitrary<number> = fc.nat({ max: 100_000 })

/** Every type but the finish, which comes last. */
const events: Weighted<Exclude<SourceEvent['type'], 'finish'>> = {
  text: { weight: 10, arbitrary: fc.record({ type: fc.constant('text'), text: piece }) },
  reasoning: {
    weight: 5,
    arbitrary: fc.record(
      { type: fc.constant('reasoning'), text: piece, as: fc.constantFrom('reasoning', 'reasoning reasoning_content') },
      { requiredKeys: ['type', 'text'] },
    ),
  },
  refusal: { weight: 5, arbitrary: fc.record({ type: fc.constant('refusal'), text: piece }) },
  tool: { weight: 12, arbitrary: fc.oneof(...Object.values(toolEvents)) },
  data: { weight: 4, arbitrary: fc.record({ type: fc.constant('data'), name: dataName, data: json }) },
  usage: {
    weight: 4,
    arbitrary: fc
      .record({ inputTokens: tokens, outputTokens: tokens, totalTokens: tokens }, { requiredKeys: [] })
      .map((usage) => ({ type: 'usage', usage })),
  },
}

const bareEvent: fc.Arbitrary<SourceEvent> = fc.oneof(...Object.values(events))

/** A tool call belongs to one choice, so its events stay in choice 0. */
function withOptions(event: SourceEvent, choice: number, extra: Json | undefined): SourceEvent {
  const copy = { ...event }
  if (choice > 0 && event.type !== 'tool' && event.type !== 'data') copy.choice = choice
  if (extra !== undefined) copy.extra = extra
  return copy
}
