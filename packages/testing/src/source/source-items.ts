import type { SourceItem } from '@sluice/core'
import fc from 'fast-check'
import { hostileText } from './hostile-text.ts'
import { finishEvents, introduceTools, looseEvents, type SingleItem } from './source-events.ts'

/** Bytes that are no valid UTF-8: cut, overlong, surrogates, out of range, stray. */
const INVALID_UTF8: readonly (readonly number[])[] = [
  ...[[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0x80], [0xbf, 0xbf], [0xff], [0xfe]],
  ...[[0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0xbd], [0xed, 0xb8, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8]],
]

/** How a list of tokens is made. */
export interface TokenListOptions {
  /**
   * Tokens in a list, at most (roughly: one text may be split into one more).
   * @defaultValue 40
   */
  maxTokens?: number | undefined
}

/**
 * Texts as tokenizers deliver them: split between any two UTF-16 units, surrogate pairs included, with empty tokens.
 *
 * @example
 * ```ts
 * check(fc.property(stringTokens(), (tokens) => join(tokens) === expectedText(tokens)))
 * ```
 */
export function stringTokens(options: TokenListOptions = {}): fc.Arbitrary<string[]> {
  return fc.tuple(hostileText(), cuts(options)).map(([text, at]) => splitAt(text, at))
}

/**
 * Texts as sockets deliver them: UTF-8 split between any two bytes, with empty tokens, sometimes with bytes that are no
 * UTF-8 at all.
 *
 * @example
 * ```ts
 * check(fc.property(byteTokens(), (tokens) => decodeAll(tokens) === expectedText(tokens)))
 * ```
 */
export function byteTokens(options: TokenListOptions = {}): fc.Arbitrary<Uint8Array[]> {
  const valid = hostileText({ loneSurrogates: false }).map((text) => [...new TextEncoder().encode(text)])
  const invalid = fc
    .array(fc.oneof(valid, fc.constantFrom(...INVALID_UTF8)), { maxLength: 4 })
    .map((list) => list.flat())
  return fc
    .tuple(fc.oneof({ weight: 3, arbitrary: valid }, { weight: 1, arbitrary: invalid }), cuts(options))
    .map(([bytes, at]) => splitAt(Uint8Array.from(bytes), at))
}

/**
 * Everything a source may yield, in any mixture: strings, bytes, events (see `sourceEvents`) and arrays of these, empty
 * ones included. Pieces of what belongs together come one after the other or with anything between them.
 *
 * @example
 * ```ts
 * check(fc.asyncProperty(sourceItems(), async (items) => (await textOf(items)) === expectedText(items)))
 * ```
 */
export function sourceItems(options: TokenListOptions = {}): fc.Arbitrary<SourceItem[]> {
  const { maxTokens = 40 } = options
  const few = { maxTokens: Math.ceil(maxTokens / 4) }
  const empties = fc.array(fc.constantFrom<SingleItem>('', new Uint8Array()), { maxLength: 2 })
  const run: fc.Arbitrary<SingleItem[]> = fc.oneof(
    { weight: 3, arbitrary: stringTokens(few) },
    { weight: 3, arbitrary: byteTokens(few) },
    { weight: 3, arbitrary: looseEvents({ maxEvents: few.maxTokens }) },
    { weight: 1, arbitrary: empties },
  )
  return fc
    .record({
      runs: fc.array(run, { maxLength: 4 }),
      picks: fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 12 })),
      finishes: finishEvents(),
      at: cuts(options),
      grouping: fc.nat({ max: 0xffff }),
    })
    .map(({ runs, picks, finishes, at, grouping }) => {
      const items = [...introduceTools(interleave(runs, picks)), ...finishes]
      const isGrouped = (index: number): boolean => ((grouping >> (index % 16)) & 1) === 1
      return splitAt(items, at).flatMap((group, index): SourceItem[] => (isGrouped(index) ? [group] : group))
    })
}

/** Merges lists, each in its own order, taking from the one that the next pick says; without picks one after the other. */
function interleave<Item>(lists: readonly (readonly Item[])[], picks: readonly number[]): Item[] {
  const left = lists.map((list) => [...list]).filter((list) => list.length > 0)
  const merged: Item[] = []
  for (let turn = 0; left.length > 0; turn++) {
    const index = picks.length === 0 ? 0 : picks[turn % picks.length]! % left.length
    merged.push(left[index]!.shift()!)
    if (left[index]!.length === 0) left.splice(index, 1)
  }
  return merged
}

function cuts({ maxTokens = 40 }: TokenListOptions): fc.Arbitrary<number[]> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: maxTokens - 1 }, (_, index) => index + 1)) },
    { weight: 6, arbitrary: fc.array(fc.nat({ max: 3 * maxTokens }), { maxLength: maxTokens - 1 }) },
  )
}

/** Cuts a sequence at the positions given, each modulo its length. */
function splitAt<Sequence extends { length: number; slice(from: number, to: number): Sequence }>(
  sequence: Sequence,
  positions: readonly number[],
): Sequence[] {
  const at = positions.map((position) => position % (sequence.length + 1)).sort((a, b) => a - b)
  const edges = [0, ...at, sequence.length]
  return edges.slice(1).map((edge, index) => sequence.slice(edges[index]!, edge))
}
