import type { Json, ToolEvent } from '@sluice/core'
import type { ChoiceEvent } from '@sluice/core/extend'
import type { JsonObject } from '../json/json-object.ts'

/** What a block consists of. */
export type BlockKind = 'text' | 'reasoning' | 'refusal' | 'tool' | 'other'

/** A run of one answer's events that belong together: a text, a thought, a tool call, or what we do not model. */
export interface Block {
  /** Its place in the answer, from 0. */
  readonly index: number
  readonly kind: BlockKind
  /** What the provider calls this reasoning, where it has several names for it. */
  readonly as: string | undefined
  /** The call, where it is one. */
  readonly call: { readonly id: string; readonly name: string } | undefined
  /** All of its text so far, in the parts that its provider gave it; of a call, its arguments. Mostly one. */
  readonly parts: string[]
  /** What this wire's provider said of it beyond our model, in order. */
  readonly extras: JsonObject[]
}

/** What an event does to the blocks of an answer, in this order. */
export interface BlockStep {
  /** This block is over. A call may be taken up again. */
  readonly closed: Block | undefined
  /** The block that the event belongs to. */
  readonly block: Block | undefined
  /** True where the event opens it. */
  readonly begins: boolean
  /** True where the event begins another part of it. */
  readonly parts: boolean
  /** The piece of text that it adds. */
  readonly text: string
  readonly extra: JsonObject | undefined
}

/** How a wire marks blocks. */
export interface BlockMarks {
  /** This wire's own part of an event's `extra`. */
  extraOf(extra: Json | undefined): JsonObject | undefined
  /** Whether an event with this says that a new block begins, although it is of the kind of the one before. */
  begins(extra: JsonObject): boolean
  /** Whether an event with this begins another part of the open block. */
  parts(extra: JsonObject): boolean
}

const NOTHING: BlockStep = {
  closed: undefined,
  block: undefined,
  begins: false,
  parts: false,
  text: '',
  extra: undefined,
}

/**
 * The blocks of an answer, for wires whose answers consist of such. One is open at a time; arguments that come for an earlier
 * call take that one up again. Only the first choice has blocks: these wires know of no other.
 *
 * Which blocks there are is a matter of the events alone, and not of how they were merged.
 */
export class AnswerBlocks {
  readonly all: Block[] = []
  open: Block | undefined
  readonly #marks: BlockMarks
  #isKept: (kind: BlockKind) => boolean = () => true
  readonly #calls: Map<string, Block> = new Map()

  constructor(marks: BlockMarks) {
    this.#marks = marks
  }

  /** What was said of blocks of other kinds than these is not kept, from here on and before: who writes as it comes needs none of it. */
  keepOnly(isKept: (kind: BlockKind) => boolean): void {
    this.#isKept = isKept
    for (const { kind, parts, extras } of this.all) {
      if (isKept(kind)) continue
      parts.fill('')
      extras.splice(1)
    }
  }

  /** Adds an event of a choice. */
  take(event: ChoiceEvent): BlockStep {
    if (event.choice) return NOTHING
    const extra = this.#marks.extraOf(event.extra)
    switch (event.type) {
      case 'text':
      case 'refusal':
        return this.#piece(event.type, undefined, event.text, extra)
      case 'reasoning':
        return this.#piece('reasoning', event.as, event.text, extra)
      case 'tool':
        return this.#tool(event, extra)
      case 'finish':
        // What is open is closed by the end, which says how complete it is.
        return NOTHING
      default:
        event satisfies never
        return NOTHING
    }
  }

  /** Adds a piece of text that continues the open block, which the caller has looked at. */
  extend(text: string): void {
    this.#add(this.open!, text)
  }

  /** Adds what a provider said of the open block. */
  note(extra: JsonObject): void {
    const { open } = this
    if (open && this.#isKept(open.kind)) open.extras.push(extra)
  }

  /** Begins a block of which only its provider knows what it is. */
  beginOther(extra: JsonObject): BlockStep {
    return this.#begin({ kind: 'other' }, '', extra)
  }

  /** The open block is over. */
  close(): Block | undefined {
    const { open } = this
    this.open = undefined
    return open
  }

  #tool(event: ToolEvent, extra: JsonObject | undefined): BlockStep {
    switch (event.phase) {
      case 'call':
        return this.#begin({ kind: 'tool', call: { id: event.id, name: event.name } }, '', extra)
      case 'args': {
        const block = this.#calls.get(event.id)
        if (!block || (event.text === '' && !extra)) return NOTHING
        return this.#continue(block, event.text, extra)
      }
      case 'result':
      case 'error':
        return NOTHING
      default:
        event satisfies never
        return NOTHING
    }
  }

  #piece(kind: BlockKind, as: string | undefined, text: string, extra: JsonObject | undefined): BlockStep {
    if (text === '' && !extra) return NOTHING
    const { open } = this
    const fits = open?.kind === kind && open.as === as && !(extra && this.#marks.begins(extra))
    return fits ? this.#continue(open, text, extra) : this.#begin({ kind, as }, text, extra)
  }

  #continue(block: Block, text: string, extra: JsonObject | undefined): BlockStep {
    const closed = this.open === block ? undefined : this.close()
    this.open = block
    const parts = extra !== undefined && this.#marks.parts(extra)
    if (parts) block.parts.push('')
    this.#add(block, text)
    if (extra) this.note(extra)
    return { closed, block, begins: false, parts, text, extra }
  }

  #begin(
    { kind, as, call }: { kind: BlockKind; as?: string | undefined; call?: Block['call'] },
    text: string,
    extra: JsonObject | undefined,
  ): BlockStep {
    const closed = this.close()
    const parts = [this.#isKept(kind) ? text : '']
    const block: Block = { index: this.all.length, kind, as, call, parts, extras: extra ? [extra] : [] }
    this.all.push(block)
    if (call) this.#calls.set(call.id, block)
    this.open = block
    return { closed, block, begins: true, parts: false, text, extra }
  }

  #add({ kind, parts }: Block, text: string): void {
    if (this.#isKept(kind)) parts[parts.length - 1] += text
  }
}

/** All of a block's text. */
export function textOf({ parts }: Block): string {
  return parts.length === 1 ? parts[0]! : parts.join('')
}
