import type { Json } from '@sluice/core'
import { type Block, textOf } from '../../blocks/answer-blocks.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import type { AnthropicExtra } from '../format/anthropic-extra.ts'

/** A block as it begins. */
export function startedBlock(block: Block): JsonObject {
  const begun = begunOf(block)
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '', citations: null, ...begun }
    case 'reasoning':
      return isRedacted(block) ? { ...begun } : { type: 'thinking', thinking: '', signature: '', ...begun }
    case 'tool':
      return { type: 'tool_use', ...block.call, input: {}, caller: { type: 'direct' }, ...begun }
    case 'other':
      return { ...extrasOf(block)[0]?.added }
  }
}

/** A block with all that was said of it. */
export function wholeBlock(block: Block): JsonObject {
  const started = startedBlock(block)
  switch (block.kind) {
    case 'text':
    case 'refusal': {
      const citations = extrasOf(block).flatMap(({ citation }) => (citation === undefined ? [] : [citation]))
      return { ...started, text: textOf(block), citations: citations.length > 0 ? citations : null }
    }
    case 'reasoning':
      if (isRedacted(block)) return started
      return { ...started, thinking: textOf(block), signature: signatureOf(block) }
    case 'tool':
      return { ...started, input: inputOf(textOf(block)) }
    case 'other': {
      const pieces = piecesOf(block)
      // Some blocks have their input from the start.
      return isJsonObject(started.input) && pieces !== '' ? { ...started, input: inputOf(pieces) } : started
    }
  }
}

/** What a piece of a block's text becomes. */
export function deltaOf({ kind }: Block, text: string): JsonObject {
  switch (kind) {
    case 'text':
    case 'refusal':
    case 'other':
      return { type: 'text_delta', text }
    case 'reasoning':
      return { type: 'thinking_delta', thinking: text }
    case 'tool':
      return { type: 'input_json_delta', partial_json: text }
  }
}

/** Whether the block is thinking that nobody can read. */
export function isRedacted(block: Block): boolean {
  return begunOf(block).type === 'redacted_thinking'
}

/** Arguments as the object that they are the text of. What is no object is shown as what it is, under a name that says so. */
function inputOf(text: string): JsonObject {
  if (text.trim() === '') return {}
  try {
    const value = JSON.parse(text) as Json
    if (isJsonObject(value)) return value
  } catch {
    // The model has written what is not JSON, or was cut.
  }
  return { INVALID_JSON: text }
}

function signatureOf(block: Block): string {
  return extrasOf(block).findLast(({ signature }) => signature !== undefined)?.signature ?? ''
}

/** The text of the arguments of a call that the provider makes itself. */
function piecesOf(block: Block): string {
  return extrasOf(block)
    .map(({ piece }) => (typeof piece?.partial_json === 'string' ? piece.partial_json : ''))
    .join('')
}

function begunOf(block: Block): JsonObject {
  return extrasOf(block)[0]?.block ?? {}
}

function extrasOf({ extras }: Block): readonly AnthropicExtra[] {
  return extras as readonly AnthropicExtra[]
}
