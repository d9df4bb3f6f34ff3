import type { FinishReason, Json, SourceEvent, SourceItem } from '@sluice/core'
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

const textualEvent: fc.Arbitrary<SourceEvent> = fc.record({
  type: fc.constantFrom('text', 'text', 'reasoning', 'refusal'),
  text: piece,
})

const toolEvent: fc.Arbitrary<SourceEvent> = fc
  .tuple(fc.nat({ max: 4 }), toolId, piece, json)
  .map(([kind, id, text, result]) => {
    if (kind === 3) return { type: 'tool', phase: 'result', id, result }
    if (kind === 4) return { type: 'tool', phase: 'error', id, message: text.toWellFormed() }
    return { type: 'tool', phase: 'args', id, text }
  })

const dataEvent: fc.Arbitrary<SourceEvent> = fc
  .tuple(fc.constantFrom('progress', 'sources', 'end', 'opened', 'a\nb', '__proto__'), json)
  .map(([name, data]) => ({ type: 'data', name, data }))

const tokens: fc.Arbitrary<number> = fc.nat({ max: 100_000 })

const usageEvent: fc.Arbitrary<SourceEvent> = fc
  .record({ inputTokens: tokens, outputTokens: tokens, totalTokens: tokens }, { requiredKeys: [] })
  .map((usage) => ({ type: 'usage', usage }))

const bareEvent: fc.Arbitrary<SourceEvent> = fc.oneof(
  { weight: 5, arbitrary: textualEvent },
  { weight: 3, arbitrary: toolEvent },
  { weight: 1, arbitrary: dataEvent },
  { weight: 1, arbitrary: usageEvent },
)

/** A tool call belongs to one choice, so its events stay in choice 0. */
function withOptions(event: SourceEvent, choice: number, extra: Json | undefined): SourceEvent {
  const copy = { ...event }
  if (choice > 0 && event.type !== 'tool' && event.type !== 'data') copy.choice = choice
  if (extra !== undefined) copy.extra = extra
  return copy
}
