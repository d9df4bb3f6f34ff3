import type { SourceEvent } from '@sluice/core'
import type { HeldBytes } from '../../backend/held-bytes.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { type AnthropicExtra, MESSAGE_EVENT } from '../format/anthropic-extra.ts'

/** Says an event of the source. */
export type Emit = (event: SourceEvent, extra?: AnthropicExtra) => void

type BlockType = 'text' | 'thinking' | 'tool_use' | 'other'

const DATA: SourceEvent = { type: 'data', name: MESSAGE_EVENT, data: null }

/** Reads what a backend says of the content blocks of its message. */
export class ContentReader {
  readonly #emit: Emit
  readonly #held: HeldBytes
  /** Ids of calls, by the place of their block. */
  readonly #calls: Map<number, string> = new Map()
  #latest: BlockType | undefined

  constructor(emit: Emit, held: HeldBytes) {
    this.#emit = emit
    this.#held = held
  }

  /** A block begins; what it says already is said. */
  start(index: number, block: JsonObject): void {
    const { type } = block
    switch (type) {
      case 'text':
        this.#begin('text', { type: 'text', text: '' })
        this.#text(block.text)
        for (const citation of Array.isArray(block.citations) ? block.citations : []) this.#citation(citation)
        return
      case 'thinking':
        this.#begin('thinking', { type: 'reasoning', text: '' })
        this.#thinking(block.thinking)
        return this.#signature(block.signature)
      case 'redacted_thinking':
        this.#latest = 'thinking'
        return this.#emit({ type: 'reasoning', text: '' }, { block })
      case 'tool_use':
        return this.#call(index, block)
      default:
        this.#latest = 'other'
        return this.#emit(DATA, { added: block })
    }
  }

  /** More of a block. */
  delta(index: number, delta: JsonObject): void {
    switch (delta.type) {
      case 'text_delta':
        return this.#text(delta.text)
      case 'thinking_delta':
        return this.#thinking(delta.thinking)
      case 'signature_delta':
        return this.#signature(delta.signature)
      case 'citations_delta':
        return this.#citation(delta.citation)
      case 'input_json_delta': {
        const id = this.#calls.get(index)
        if (id === undefined) return this.#emit(DATA, { piece: delta })
        if (typeof delta.partial_json === 'string' && delta.partial_json !== '')
          this.#emit({ type: 'tool', phase: 'args', id, text: delta.partial_json })
        return
      }
      default:
        if (this.#latest === 'other') this.#emit(DATA, { piece: delta })
    }
  }

  /** Between two blocks of one kind it is said that another begins: their pieces would be one text. */
  #begin(type: BlockType, empty: SourceEvent): void {
    if (this.#latest === type) this.#emit(empty, { block: {} })
    this.#latest = type
  }

  #call(index: number, block: JsonObject): void {
    this.#latest = 'tool_use'
    const id = typeof block.id === 'string' && block.id !== '' ? block.id : `toolu_${index}`
    const name = typeof block.name === 'string' ? block.name : ''
    this.#held.add(id.length + name.length)
    this.#calls.set(index, id)
    const { caller } = block
    const isDirect = !isJsonObject(caller) || caller.type === 'direct'
    this.#emit({ type: 'tool', phase: 'call', id, name }, isDirect ? undefined : { block: { caller } })
    if (isJsonObject(block.input) && Object.keys(block.input).length > 0)
      this.#emit({ type: 'tool', phase: 'args', id, text: JSON.stringify(block.input) })
  }

  #text(text: unknown): void {
    if (typeof text === 'string' && text !== '') this.#emit({ type: 'text', text })
  }

  #thinking(text: unknown): void {
    if (typeof text === 'string' && text !== '') this.#emit({ type: 'reasoning', text })
  }

  #signature(signature: unknown): void {
    if (typeof signature === 'string' && signature !== '') this.#emit({ type: 'reasoning', text: '' }, { signature })
  }

  #citation(citation: AnthropicExtra['citation']): void {
    if (citation !== undefined && citation !== null) this.#emit({ type: 'text', text: '' }, { citation })
  }
}
