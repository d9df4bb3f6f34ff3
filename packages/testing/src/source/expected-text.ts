import type { SourceEvent, SourceItem } from '@sluice/core'

/** One item out of an array, or an item that is none. */
type SingleItem = string | Uint8Array | SourceEvent

/**
 * The text that the contract promises for what a source yielded, written naively and without any code of core: the
 * oracle of fidelity properties.
 *
 * Bare strings and bytes are the text of choice 0. The pieces of one channel (see {@link channelOf}) are joined over
 * whatever comes between them. Neighbouring strings are joined by UTF-16 units, neighbouring bytes by bytes; what does not
 * make a code point even so is replaced as `toWellFormed` and `TextDecoder` replace it.
 *
 * @example
 * ```ts
 * expectedText(['gr', 'in \ud83d', '\ude00']) // 'grin 😀'
 * expectedText([Uint8Array.of(0xc3), 'x']) // '\ufffdx'
 * ```
 */
export function expectedText(items: readonly SourceItem[], channel = 'text 0'): string {
  return expectedTexts(items).get(channel) ?? ''
}

/**
 * The promised text of every channel that has any, by {@link channelOf}.
 *
 * @example
 * ```ts
 * expectedTexts(['a', { type: 'reasoning', text: 'b' }]) // Map { 'text 0' => 'a', 'reasoning 0' => 'b' }
 * ```
 */
export function expectedTexts(items: readonly SourceItem[]): Map<string, string> {
  const pieces = new Map<string, (string | Uint8Array)[]>()
  for (const item of items.flatMap(toSingleItems)) {
    const piece = typeof item === 'string' || item instanceof Uint8Array ? item : 'text' in item ? item.text : ''
    if (piece.length === 0) continue
    const channel = channelOf(item)
    const list = pieces.get(channel)
    if (list) list.push(piece)
    else pieces.set(channel, [piece])
  }
  return new Map(pieces.entries().map(([channel, list]) => [channel, joinPieces(list)]))
}

/**
 * Names what a piece of text continues: `text 0`, `reasoning 1`, `reasoning 1 <as>`, `refusal 0`, `args 0 call_7`. The rest has no text and
 * goes by its type.
 *
 * @example
 * ```ts
 * channelOf({ type: 'tool', phase: 'args', id: 'call_7', text: '{' }) // 'args 0 call_7'
 * ```
 */
export function channelOf(item: string | Uint8Array | SourceEvent): string {
  if (typeof item === 'string' || item instanceof Uint8Array) return 'text 0'
  const choice = item.choice ?? 0
  if (item.type === 'reasoning' && item.as !== undefined) return `reasoning ${choice} ${item.as}`
  return item.type === 'tool' ? `${item.phase} ${choice} ${item.id}` : `${item.type} ${choice}`
}

function toSingleItems(item: SourceItem): SingleItem[] {
  return Array.isArray(item) ? [...(item as readonly SingleItem[])] : [item as SingleItem]
}

function joinPieces(pieces: readonly (string | Uint8Array)[]): string {
  let text = ''
  let start = 0
  while (start < pieces.length) {
    let end = start
    while (end < pieces.length && typeof pieces[end] === typeof pieces[start]) end++
    text += joinRun(pieces.slice(start, end))
    start = end
  }
  return text
}

function joinRun(run: readonly (string | Uint8Array)[]): string {
  if (typeof run[0] === 'string') return run.join('').toWellFormed()
  const bytes = Uint8Array.from((run as readonly Uint8Array[]).flatMap((piece) => [...piece]))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
