import type { Json } from '@sluice/core'
import type { Block } from '../../blocks/answer-blocks.ts'
import { textOf } from '../../blocks/answer-blocks.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import type { ResponsesExtra } from '../format/responses-extra.ts'
import { SUMMARY } from '../format/summary.ts'

/** How far an output item has come. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** The id of a block's item: the backend's own, or one that any instance makes alike. */
export function itemIdOf(block: Block, streamId: string): string {
  const { id } = addedOf(block)
  return typeof id === 'string' ? id : `${prefixOf(block)}_${streamId}_${block.index}`
}

/** A block as an output item that was just added. `soFar`: with what was said already, for whoever begins in its middle. */
export function addedItem(block: Block, streamId: string, soFar = false): JsonObject {
  const id = itemIdOf(block, streamId)
  const added = addedOf(block)
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return { id, ...added, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
    case 'reasoning':
      return { id, ...added, type: 'reasoning', summary: [], ...(block.as !== SUMMARY && { content: [] }) }
    case 'tool':
      return { id, ...added, ...callOf(block, soFar ? textOf(block) : ''), status: 'in_progress' }
    case 'other':
      return { ...extrasOf(block)[0]?.added }
  }
}

/** A block as an output item with all that was said of it. */
export function wholeItem(block: Block, streamId: string, status: ItemStatus): JsonObject {
  const extras = extrasOf(block)
  const said = { ...addedOf(block), ...mergedOf(extras.map(({ done }) => done)) }
  const id = itemIdOf(block, streamId)
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return { id, ...said, type: 'message', status, role: 'assistant', content: [partOf(block)] }
    case 'reasoning':
      return { id, ...said, type: 'reasoning', ...reasoningOf(block) }
    case 'tool':
      return { id, ...said, ...callOf(block, textOf(block)), status }
    case 'other':
      return { ...(extras.findLast(({ finished }) => finished)?.finished ?? extras[0]?.added) }
  }
}

/** The content part of a message, or of reasoning, with all of its text; `index` is that of the part. */
export function partOf(block: Block, index: number = 0): JsonObject {
  const text = block.parts[index] ?? ''
  if (block.kind === 'refusal') return { type: 'refusal', refusal: text }
  if (block.kind === 'reasoning') return { type: block.as === SUMMARY ? 'summary_text' : 'reasoning_text', text }
  const logprobs = logprobsOf(block)
  return { type: 'output_text', text, annotations: annotationsOf(block), logprobs }
}

/** A content part before anything was said. */
export function emptyPartOf({ kind, as }: Block): JsonObject {
  if (kind === 'refusal') return { type: 'refusal', refusal: '' }
  if (kind === 'reasoning') return { type: as === SUMMARY ? 'summary_text' : 'reasoning_text', text: '' }
  return { type: 'output_text', text: '', annotations: [], logprobs: [] }
}

/** Log probabilities of all of a text's tokens, as far as the backend gave some. */
export function logprobsOf(block: Block): Json[] {
  return extrasOf(block).flatMap(({ logprobs }) => (Array.isArray(logprobs) ? (logprobs as Json[]) : []))
}

/** Whether the call's arguments are free text instead of JSON. */
export function isCustom(block: Block): boolean {
  return addedOf(block).type === 'custom_tool_call'
}

function annotationsOf(block: Block): Json[] {
  return extrasOf(block).flatMap(({ annotation }) => (annotation === undefined ? [] : [annotation]))
}

function reasoningOf(block: Block): JsonObject {
  const parts = block.parts.map((_, index) => partOf(block, index)).filter(({ text }) => text !== '')
  return block.as === SUMMARY ? { summary: parts } : { summary: [], content: parts }
}

function callOf(block: Block, text: string): JsonObject {
  const { id: call_id, name } = block.call!
  return isCustom(block)
    ? { type: 'custom_tool_call', call_id, name, input: text }
    : { type: 'function_call', call_id, name, arguments: text }
}

function addedOf(block: Block): JsonObject {
  return extrasOf(block)[0]?.item ?? {}
}

function extrasOf({ extras }: Block): readonly ResponsesExtra[] {
  return extras as readonly ResponsesExtra[]
}

function mergedOf(all: readonly (JsonObject | undefined)[]): JsonObject {
  return Object.assign({}, ...all.filter(isJsonObject)) as JsonObject
}

function prefixOf(block: Block): string {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return 'msg'
    case 'reasoning':
      return 'rs'
    case 'tool':
      return isCustom(block) ? 'ctc' : 'fc'
    case 'other':
      return 'item'
  }
}
