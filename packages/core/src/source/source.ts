import type { DataEvents, SourceEvent } from '../events/event.ts'
import type { Json } from '../events/json.ts'

/** What a source may yield: text, UTF-8 bytes (a code point may be split over items), typed events, or arrays of these. */
export type SourceItem<Data extends DataEvents = DataEvents> =
  | string
  | Uint8Array
  | SourceEvent<Data>
  | readonly (string | Uint8Array | SourceEvent<Data>)[]

/** What a source function may return. Text can be iterated too, letter by letter: it is an item, and no list of them. */
export type SourceItems<Data extends DataEvents = DataEvents> =
  | AsyncIterable<SourceItem<Data>>
  | (Iterable<SourceItem<Data>> & object)
  | ReadableStream<SourceItem<Data>>

/** What a source is given. */
export interface SourceContext {
  readonly id: string
  readonly meta: { readonly [name: string]: Json | undefined }
  /** Aborts when nobody needs this source any more: cancel, disconnect policy, deadline, drain, takeover. */
  readonly signal: AbortSignal
  /** Messages that readers send while the source runs. Bounded; iterate it or leave it. */
  readonly inbox: AsyncIterable<Json>
  /** Says "still working" without yielding: the deadlines for the first token and for silence begin anew. */
  touch(): void
  /**
   * The text so far, when another instance's work is taken over; else empty.
   *
   * @throws SluiceError `SLUICE_ERR_CURSOR_TRIMMED` when its beginning is not kept any more
   */
  readonly prefix: string
  /** What a source that is started by name was given. */
  readonly input: Json | undefined
}

/**
 * Wraps a model runner. Called once per stream; never called when the stream already exists.
 *
 * @example
 * ```ts
 * const source: Source = async function* ({ signal }) {
 *   for await (const part of model.generate(prompt, { signal })) yield part.text
 * }
 * ```
 */
export type Source<Data extends DataEvents = DataEvents> = (
  context: SourceContext,
) => SourceItems<Data> | Promise<SourceItems<Data>>
