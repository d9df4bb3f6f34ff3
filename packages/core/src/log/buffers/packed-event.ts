import type { Buffers } from './buffer-pool.ts'
import type { StreamEvent } from '../../events/event.ts'

/** An event of this size, as JSON text, goes outside the heap. */
const MIN_PACKED_BYTES = 4096

const encoder = new TextEncoder()
// A byte order mark is text like any other here.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * A large event (an image, a piece of audio that a provider sent) as UTF-8 in a buffer. As objects such events would live
 * just long enough to make the heap grow by many times their size.
 */
export class PackedEvent {
  /** What the event is charged. */
  readonly bytes: number
  /** The event without what makes it large: enough to fold it into a resume state, or a summary. */
  readonly outline: StreamEvent
  readonly #buffer: Uint8Array
  readonly #length: number

  /** `json` is the text of `event`. */
  constructor(event: StreamEvent, json: string, bytes: number, pool: Buffers) {
    this.bytes = bytes
    this.outline = outlineOf(event)
    this.#buffer = pool.take(bytes)
    this.#length = encoder.encodeInto(json, this.#buffer).written
  }

  unpack(): StreamEvent {
    return JSON.parse(decoder.decode(this.#buffer.subarray(0, this.#length))) as StreamEvent
  }

  /** The event is not needed any more. */
  release(pool: Buffers): void {
    pool.give(this.#buffer)
  }
}

/** Whether `event`, charged `bytes`, is better packed. Text that is long has its own way to be packed. */
export function isWorthPacking(event: StreamEvent, bytes: number): boolean {
  if (bytes < MIN_PACKED_BYTES) return false
  return 'data' in event || 'result' in event || ('extra' in event && event.extra !== undefined)
}

function outlineOf(event: StreamEvent): StreamEvent {
  const outline: Record<string, unknown> = { ...event, extra: undefined }
  if ('data' in outline) outline.data = null
  if ('result' in outline) outline.result = null
  return outline as unknown as StreamEvent
}
