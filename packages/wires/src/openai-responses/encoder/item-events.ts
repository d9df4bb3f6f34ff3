import type { Json } from '@sluice/core'
import { type Block, textOf } from '../../blocks/answer-blocks.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { addedItem, emptyPartOf, isCustom, itemIdOf, logprobsOf, partOf } from './response-items.ts'
import { SUMMARY } from '../format/summary.ts'

/** What opens a block: its item, and its first part. `soFar`: for a reader that begins in its middle. */
export function openingEvents(block: Block, streamId: string, soFar = false): JsonObject[] {
  const item = addedItem(block, streamId, soFar)
  const added: JsonObject = { type: 'response.output_item.added', output_index: block.index, item }
  const parts = soFar ? block.parts.map((_, index) => index) : [0]
  return [added, ...parts.flatMap((index) => partOpeningEvents(block, streamId, index))]
}

/** What closes a block: its last part, and its item, which is `item` by now. */
export function closingEvents(block: Block, streamId: string, item: JsonObject): JsonObject[] {
  if (block.kind === 'other') return []
  const closed = partClosingEvents(block, streamId, block.parts.length - 1)
  return [...closed, { type: 'response.output_item.done', output_index: block.index, item }]
}

/** What begins a part. A call has none. */
export function partOpeningEvents(block: Block, streamId: string, index: number): JsonObject[] {
  if (block.kind === 'tool' || block.kind === 'other') return []
  const part = emptyPartOf(block)
  const type = isSummary(block) ? 'response.reasoning_summary_part.added' : 'response.content_part.added'
  return [{ type, ...placeOf(block, streamId, index), part }]
}

/** What ends a part, with all of its text. */
export function partClosingEvents(block: Block, streamId: string, index: number): JsonObject[] {
  const place = placeOf(block, streamId, index)
  const text = block.parts[index] ?? ''
  switch (block.kind) {
    case 'text':
      return [
        { type: 'response.output_text.done', ...place, text, logprobs: logprobsOf(block) },
        { type: 'response.content_part.done', ...place, part: partOf(block) },
      ]
    case 'refusal':
      return [
        { type: 'response.refusal.done', ...place, refusal: text },
        { type: 'response.content_part.done', ...place, part: partOf(block) },
      ]
    case 'reasoning':
      return isSummary(block)
        ? [
            { type: 'response.reasoning_summary_text.done', ...place, text },
            { type: 'response.reasoning_summary_part.done', ...place, part: partOf(block, index) },
          ]
        : [
            { type: 'response.reasoning_text.done', ...place, text },
            { type: 'response.content_part.done', ...place, part: partOf(block, index) },
          ]
    case 'tool':
      return [
        isCustom(block)
          ? { type: 'response.custom_tool_call_input.done', ...place, input: textOf(block) }
          : {
              type: 'response.function_call_arguments.done',
              ...place,
              name: block.call!.name,
              arguments: textOf(block),
            },
      ]
    case 'other':
      return []
  }
}

/** What a piece of text of a block becomes. */
export function deltaEvent(
  block: Block,
  streamId: string,
  { text, logprobs }: { text: string; logprobs: Json | undefined },
): JsonObject {
  const type = `response.${deltaNameOf(block)}.delta`
  const place = placeOf(block, streamId, block.parts.length - 1)
  return { type, ...place, delta: text, ...(block.kind === 'text' && { logprobs: logprobs ?? [] }) }
}

function deltaNameOf(block: Block): string {
  switch (block.kind) {
    case 'text':
    case 'other':
      return 'output_text'
    case 'refusal':
      return 'refusal'
    case 'reasoning':
      return isSummary(block) ? 'reasoning_summary_text' : 'reasoning_text'
    case 'tool':
      return isCustom(block) ? 'custom_tool_call_input' : 'function_call_arguments'
  }
}

function placeOf(block: Block, streamId: string, part: number): JsonObject {
  const place = { item_id: itemIdOf(block, streamId), output_index: block.index }
  if (block.kind === 'tool') return place
  return isSummary(block) ? { ...place, summary_index: part } : { ...place, content_index: part }
}

function isSummary({ kind, as }: Block): boolean {
  return kind === 'reasoning' && as === SUMMARY
}
