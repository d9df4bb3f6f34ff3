import type { Buffers } from './buffer-pool.ts'
import type { StreamEvent } from '../../events/event.ts'
import { heldBytes } from '../../events/held-bytes.ts'
import { LONG_TEXT_BYTES, PackedText } from './packed-text.ts'

/** An event of this size, as JSON text, is kept as that: as objects it would take two to four times as much. */
const MIN_PACKED_BYTES = 256
/** What a packed event takes beside its text. */
const PACKED_COST_BYTES = 80

/** A large event, as its JSON text: an image or a piece of audio that a provider sent, what an application says of its sources. */
export class PackedEvent {
  readonly #json: PackedText
  /** Of a long one, what is left without what makes it large: it is not read for what its place in the answer is. */
  readonly #outline: StreamEvent | undefined

  /** `json` is the text of `event`, of `jsonBytes`. */
  constructor(event: StreamEvent, json: string, jsonBytes: number, pool: Buffers) {
    this.#json = PackedText.of(json, jsonBytes, pool)
    this.#outline = jsonBytes < LONG_TEXT_BYTES || isCall(event) ? undefined : outlineOf(event)
  }

  get heldBytes(): number {
    return PACKED_COST_BYTES + this.#json.heldBytes + (this.#outline ? heldBytes(this.#outline) : 0)
  }

  /** The event, or as much of it as folds it into a resume state, or a summary. */
  get outline(): StreamEvent {
    return this.#outline ?? this.unpack()
  }

  unpack(): StreamEvent {
    return JSON.parse(this.#json.read()) as StreamEvent
  }

  /** The event is not needed any more. */
  release(pool: Buffers): void {
    this.#json.release(pool)
  }
}

/** Whether `event`, of so many bytes of JSON, is better packed. Text that is long has its own way to be packed. */
export function isWorthPacking(event: StreamEvent, jsonBytes: number): boolean {
  if (jsonBytes < MIN_PACKED_BYTES) return false
  return 'data' in event || 'result' in event || ('extra' in event && event.extra !== undefined)
}

/** Of a call, a resume state has all. */
function isCall(event: StreamEvent): boolean {
  return event.type === 'tool' && event.phase === 'call'
}

function outlineOf(event: StreamEvent): StreamEvent {
  const outline: Record<string, unknown> = { ...event, extra: undefined }
  if ('text' in outline) outline.text = ''
  if ('data' in outline) outline.data = null
  if ('result' in outline) outline.result = null
  return outline as unknown as StreamEvent
}
