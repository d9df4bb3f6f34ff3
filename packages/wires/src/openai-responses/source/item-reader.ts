import type { Json, SourceEvent } from '@sluice/core'
import type { HeldBytes } from '../../backend/held-bytes.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { RESPONSE_EVENT, type ResponsesExtra } from '../format/responses-extra.ts'
import { SUMMARY } from '../format/summary.ts'
import {
  emptied,
  eventOf,
  type ItemKind,
  kindOf,
  listIn,
  objectIn,
  partNameOf,
  partsOf,
  unmodelled,
} from './item-members.ts'
import { KnownItems } from './known-items.ts'

/** Says an event of the source. */
export type Emit = (event: SourceEvent, extra?: ResponsesExtra) => void

/** One item of a backend's output. */
interface Item {
  readonly kind: ItemKind
  /** What it said of itself when it was added, until that is told. */
  marker: JsonObject | undefined
  readonly id: string | undefined
  /** Id of the call. */
  readonly call: string
  /** What was said of each part: its name, and whether any text of it came. */
  readonly parts: Map<string, boolean>
  /** How many annotations of it were told. */
  annotations: number
  over: boolean
}

/** Reads what a backend says of the items of its output. Of each part of a text it tells only what it had not told yet. */
export class ItemReader {
  /** True once a tool of the client's was called. */
  called = false
  readonly #emit: Emit
  readonly #held: HeldBytes
  readonly #items: KnownItems<Item> = new KnownItems()
  /** The one that was told of last: what is said now is taken for its. */
  #latest: Item | undefined

  constructor(emit: Emit, held: HeldBytes) {
    this.#emit = emit
    this.#held = held
  }

  /** Takes an event of an item. */
  take(type: string, value: JsonObject): void {
    const index = typeof value.output_index === 'number' ? value.output_index : 0
    const name = type.slice('response.'.length)
    if (name === 'output_item.added') return void this.#add(index, objectIn(value.item))
    if (name === 'output_item.done') {
      const whole = objectIn(value.item)
      return this.#whole(whole, index, this.#items.ofWhole(whole, index))
    }
    const item = this.#items.of(value, index) ?? this.#unannounced(index, name)
    if (!item) return
    const said = partNameOf(name, value)
    switch (name) {
      case 'content_part.added':
      case 'reasoning_summary_part.added':
        return this.#beginPart(item, said, objectIn(value.part))
      case 'output_text.delta':
      case 'refusal.delta':
      case 'reasoning_text.delta':
      case 'reasoning_summary_text.delta':
      case 'function_call_arguments.delta':
      case 'custom_tool_call_input.delta':
        return this.#piece(item, said, value.delta, value.logprobs)
      case 'output_text.done':
      case 'refusal.done':
      case 'reasoning_text.done':
      case 'reasoning_summary_text.done':
      case 'function_call_arguments.done':
      case 'custom_tool_call_input.done':
        return this.#wholePiece(item, said, value.text ?? value.refusal ?? value.arguments ?? value.input)
      case 'output_text.annotation.added':
        return this.#annotate(item, value.annotation ?? null)
      case 'content_part.done':
      case 'reasoning_summary_part.done':
        return
      default:
        // A name becomes a line of its own again.
        if (item.kind === 'other' && /^[\w.-]+$/.test(name)) this.#emit(DATA, { event: eventOf(type, value) })
    }
  }

  /** An item of the output of a response that is over. */
  takeOutput(whole: JsonObject, position: number): void {
    this.#whole(whole, position, this.#items.ofOutput(whole, position))
  }

  /** An item with all that it says, of which some, or all, may have been told `before`. */
  #whole(whole: JsonObject, index: number, before: Item | undefined): void {
    if (before?.over) return
    const item = before ?? this.#add(index, emptied(whole))
    item.over = true
    this.#items.learn(whole, item)
    if (item.kind === 'other') {
      if (before) this.#emit(DATA, { finished: whole })
      return
    }
    for (const [position, part] of partsOf(whole)) {
      if (!item.parts.has(position)) this.#beginPart(item, position, part)
      this.#wholePiece(item, position, part.text ?? part.refusal, part.logprobs)
    }
    const annotations = partsOf(whole).flatMap(([, part]) => listIn(part.annotations))
    for (const annotation of annotations.slice(item.annotations)) this.#annotate(item, annotation)
    if (item.kind === 'call') this.#wholePiece(item, 'call', whole.arguments ?? whole.input)
    this.#finish(item, whole)
  }

  #add(index: number, added: JsonObject): Item {
    const type = typeof added.type === 'string' ? added.type : 'message'
    const kind = kindOf(type)
    const call = typeof added.call_id === 'string' ? added.call_id : `call_${index}`
    const marker = unmodelled(added, type)
    this.#held.add(JSON.stringify(marker).length)
    const id = typeof added.id === 'string' ? added.id : undefined
    const item: Item = { kind, marker, id, call, parts: new Map(), annotations: 0, over: false }
    this.#items.add(index, added, item)
    if (kind === 'call') {
      this.called = true
      item.marker = undefined
      this.#latest = item
      const name = typeof added.name === 'string' ? added.name : ''
      this.#emit({ type: 'tool', phase: 'call', id: call, name }, { item: marker })
      this.#piece(item, 'call', added.arguments ?? added.input)
    } else if (kind === 'other') {
      this.#latest = item
      this.#emit(DATA, { added })
    }
    return item
  }

  /** A text whose item was not announced is all the same said. */
  #unannounced(index: number, name: string): Item | undefined {
    const type = name.startsWith('reasoning')
      ? 'reasoning'
      : /^(output_text|refusal|content_part)\./.test(name)
        ? 'message'
        : ''
    return type === '' ? undefined : this.#add(index, { type })
  }

  #beginPart(item: Item, said: string, part: JsonObject): void {
    this.#held.add(said.length)
    const first = item.parts.size === 0
    item.parts.set(said, false)
    this.#latest = item
    if (said.startsWith('summary') || said.startsWith('reasoning')) {
      this.#emit(reasoningOf(said, ''), first ? this.#markerOf(item) : { part: true })
    } else {
      const type = part.type === 'refusal' || said.startsWith('refusal') ? 'refusal' : 'text'
      this.#emit({ type, text: '' }, first ? this.#markerOf(item) : { item: {} })
    }
    this.#wholePiece(item, said, part.text ?? part.refusal, part.logprobs)
  }

  #markerOf(item: Item): ResponsesExtra {
    const marker = item.marker ?? {}
    item.marker = undefined
    return { item: marker }
  }

  #piece(item: Item, said: string, text: unknown, logprobs?: unknown): void {
    if (typeof text !== 'string' || text === '' || item.kind === 'other') return
    if (item.kind !== 'call' && !item.parts.has(said)) this.#beginPart(item, said, {})
    item.parts.set(said, true)
    this.#latest = item
    const extra = Array.isArray(logprobs) && logprobs.length > 0 ? { logprobs } : undefined
    this.#emit(pieceOf(item, said, text), extra)
  }

  /** All of a text: told where none of it came before. */
  #wholePiece(item: Item, said: string, text: unknown, logprobs?: unknown): void {
    if (item.parts.get(said) !== true) this.#piece(item, said, text, logprobs)
  }

  /** An annotation is of the text that is open: one that comes later has no place any more. */
  #annotate(item: Item, annotation: Json): void {
    if (item !== this.#latest) return
    item.annotations++
    this.#emit({ type: 'text', text: '' }, { annotation })
  }

  /** What an item says of itself only once it is done. */
  #finish(item: Item, whole: JsonObject): void {
    const type = typeof whole.type === 'string' ? whole.type : 'message'
    const done = unmodelled(whole, type)
    const unsaid = item.marker === undefined ? {} : this.#markerOf(item)
    // A message of no parts says nothing; reasoning may be there for its encrypted content alone.
    if (item.kind === 'message' && item.parts.size === 0) return
    const { id: _, ...news } = done
    if (Object.keys(news).length === 0 && !unsaid.item) return
    // Where another one has begun meanwhile, an empty piece of this one would be one more item.
    if (item === this.#latest || item.kind === 'call' || unsaid.item)
      this.#emit(emptyOf(item), { ...unsaid, done: news })
    else if (item.id !== undefined) this.#emit(DATA, { done: news, of: item.id })
  }
}

const DATA: SourceEvent = { type: 'data', name: RESPONSE_EVENT, data: null }

function pieceOf(item: Item, said: string, text: string): SourceEvent {
  if (item.kind === 'call') return { type: 'tool', phase: 'args', id: item.call, text }
  if (item.kind === 'reasoning') return reasoningOf(said, text)
  return { type: said.startsWith('refusal') ? 'refusal' : 'text', text }
}

function emptyOf(item: Item): SourceEvent {
  if (item.kind === 'call') return { type: 'tool', phase: 'args', id: item.call, text: '' }
  const said = [...item.parts.keys()].at(-1) ?? 'summary'
  return pieceOf(item, said, '')
}

function reasoningOf(said: string, text: string): SourceEvent {
  return { type: 'reasoning', text, ...(said.startsWith('summary') && { as: SUMMARY }) }
}
