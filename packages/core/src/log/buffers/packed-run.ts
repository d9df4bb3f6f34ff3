import type { Buffers } from './buffer-pool.ts'
import type { StreamEvent, TextualEvent } from '../../events/event.ts'
import { isPieceOfText, TEXT_COST_BYTES } from '../../events/event-size.ts'
import { heldBytes, unitsBytes } from '../../events/held-bytes.ts'
import { PackedEvent } from './packed-event.ts'
import { PackedText } from './packed-text.ts'

/** An event as it is kept: a string is a piece of the text of choice 0. */
export type Item = string | StreamEvent | PackedEvent

/** A longer piece is kept by itself: its length does not fit into a unit. */
const MAX_PIECE_BYTES = 0xffff
/** Of an event that is no piece of the text of choice 0, what its place takes. */
const SHAPE_COST_BYTES = 16
const RUN_COST_BYTES = 120
const NOTHING: readonly never[] = []

/** Of events that are not all pieces of the text of choice 0. */
interface Shapes {
  /** Which shape each has, from 1; 0 is a piece of the text of choice 0. Empty where all are. */
  readonly kinds: string
  readonly shapes: readonly Item[]
  /** What each shape is charged that is an event; nothing where none is. */
  readonly sizes: readonly number[]
}

const NO_SHAPES: Shapes = { kinds: '', shapes: NOTHING, sizes: NOTHING }

/**
 * Events that are full: one text, the length of each piece of it and, where not all are pieces of the text of choice 0, the
 * shape of each: whose text it is, or the event that it is.
 */
export class PackedRun {
  readonly #text: PackedText
  /** Bytes of each piece, as a string with a unit for each. */
  readonly #lengths: string
  readonly #kinds: string
  readonly #shapes: readonly Item[]
  readonly #sizes: readonly number[]

  constructor(text: PackedText, lengths: string, { kinds, shapes, sizes }: Shapes = NO_SHAPES) {
    this.#text = text
    this.#lengths = lengths
    this.#kinds = kinds
    this.#shapes = shapes
    this.#sizes = sizes
  }

  /** What `items` are, packed. `charged`: what each is. */
  static of(items: readonly Item[], charged: readonly number[], pool: Buffers): PackedRun {
    const pieces: string[] = []
    const lengths: number[] = []
    const kinds: number[] = []
    const shapes: Item[] = []
    const sizes: number[] = []
    let bytes = 0
    for (const [index, item] of items.entries()) {
      const piece = pieceOf(item)
      const length = piece === undefined ? 0 : charged[index]! - TEXT_COST_BYTES
      const isKept = piece === undefined || length > MAX_PIECE_BYTES
      const kind = !isKept && typeof item === 'string' ? 0 : kindOf(item, isKept, shapes)
      kinds.push(kind)
      if (kind > sizes.length) sizes.push(isKept ? charged[index]! : 0)
      lengths.push(isKept ? 0 : length)
      if (isKept) continue
      pieces.push(piece)
      bytes += length
    }
    const text = PackedText.of(pieces.join(''), bytes, pool)
    const inUnits = (units: readonly number[]): string => String.fromCharCode(...units)
    if (shapes.length === 0) return new PackedRun(text, inUnits(lengths))
    // A copy has no room to grow.
    const kept = sizes.some((size) => size > 0) ? sizes.slice() : NOTHING
    return new PackedRun(text, inUnits(lengths), { kinds: inUnits(kinds), shapes, sizes: kept })
  }

  get heldBytes(): number {
    let bytes = RUN_COST_BYTES + this.#text.heldBytes + unitStringBytes(this.#lengths)
    if (this.#kinds !== '') bytes += unitStringBytes(this.#kinds)
    for (const shape of this.#shapes) bytes += SHAPE_COST_BYTES + itemHeldBytes(shape)
    return bytes
  }

  /** What is at each index of `from`..`to` (exclusive), until `visit` gives `false`; gives whether it never did. */
  visit(from: number, to: number, visit: (item: Item, index: number) => boolean): boolean {
    // Found by adding lengths up: once, not for each event.
    let start = this.#startOf(from)
    for (let index = from; index < to; index++) {
      const end = start + this.#lengths.charCodeAt(index)
      if (!visit(this.#itemAt(index, start, end), index)) return false
      start = end
    }
    return true
  }

  /** What each is charged, without its text. */
  visitBytes(from: number, to: number, visit: (bytes: number, index: number) => boolean): boolean {
    for (let index = from; index < to; index++) {
      const isKept = this.#keptAt(index) !== undefined
      const bytes = isKept ? this.#sizes[this.#kindAt(index) - 1]! : this.#lengths.charCodeAt(index) + TEXT_COST_BYTES
      if (!visit(bytes, index)) return false
    }
    return true
  }

  /** The text of `from`..`to` (exclusive), if all of it is that of choice 0. */
  plainText(from: number, to: number): string | undefined {
    const start = this.#startOf(from)
    let end = start
    for (let index = from; index < to; index++) {
      if (this.#kindAt(index) !== 0) return undefined
      end += this.#lengths.charCodeAt(index)
    }
    return this.#text.read(start, end)
  }

  release(pool: Buffers): void {
    this.#text.release(pool)
    for (const shape of this.#shapes) if (shape instanceof PackedEvent) shape.release(pool)
  }

  #itemAt(index: number, start: number, end: number): Item {
    const kept = this.#keptAt(index)
    if (kept !== undefined) return kept
    const kind = this.#kindAt(index)
    const text = this.#text.read(start, end)
    return kind === 0 ? text : { ...(this.#shapes[kind - 1] as TextualEvent), text }
  }

  /** The event at `index` where it is kept as it is, and not as a piece of text. */
  #keptAt(index: number): Item | undefined {
    const kind = this.#kindAt(index)
    if (kind === 0) return undefined
    const shape = this.#shapes[kind - 1]!
    return isShapeOfText(shape) ? undefined : shape
  }

  #kindAt(index: number): number {
    return this.#kinds === '' ? 0 : this.#kinds.charCodeAt(index)
  }

  #startOf(index: number): number {
    let start = 0
    for (let before = 0; before < index; before++) start += this.#lengths.charCodeAt(before)
    return start
  }
}

/** What `item` takes, by itself. */
export function itemHeldBytes(item: Item): number {
  return item instanceof PackedEvent ? item.heldBytes : heldBytes(item)
}

/** The text to be packed; `undefined` where the item is kept as it is. */
function pieceOf(item: Item): string | undefined {
  const isPiece = typeof item === 'string' || (!(item instanceof PackedEvent) && isPieceOfText(item))
  if (!isPiece) return undefined
  const text = typeof item === 'string' ? item : item.text
  // Half of a pair has no bytes of its own.
  return text.isWellFormed() ? text : undefined
}

/** A shape of text has none itself: an event that is kept has, or is none. */
function isShapeOfText(shape: Item): boolean {
  return typeof shape === 'object' && !(shape instanceof PackedEvent) && isPieceOfText(shape) && shape.text === ''
}

/** The number of `item`'s shape, from 1; it is added to `shapes` where it is new. */
function kindOf(item: Item, isKept: boolean, shapes: Item[]): number {
  if (isKept) return shapes.push(item)
  const event = item as TextualEvent
  const index = shapes.findLastIndex((shape) => isShapeOfText(shape) && haveOneShape(shape as TextualEvent, event))
  return index === -1 ? shapes.push({ ...event, text: '' }) : index + 1
}

function haveOneShape(one: TextualEvent, other: TextualEvent): boolean {
  const names = Object.keys(one) as (keyof TextualEvent)[]
  if (names.length !== Object.keys(other).length) return false
  return names.every((name) => name === 'text' || one[name] === other[name])
}

function unitStringBytes(units: string): number {
  return unitsBytes(/[^\0-\u00FF]/u.test(units) ? 2 * units.length : units.length)
}
