import type { SourceEvent } from '../events/event.ts'
import { isPlainText } from '../events/event-kind.ts'
import type { Json } from '../events/json.ts'
import type { Rewrite } from './pump-host.ts'
import type { Logged } from '../log/segment.ts'

/** One stream's transformation: each event becomes none, one or several. */
export interface EventTransform {
  /** What becomes of an event: nothing, itself, or others. */
  transform(event: SourceEvent): readonly SourceEvent[]
  /** The source has finished: what was held back. */
  flush?(): readonly SourceEvent[]
}

/**
 * Makes the transformation of one stream: redaction, moderation. It runs before events get a seq, on text whose code
 * points are whole. What it throws ends the stream with `error`.
 *
 * @example
 * ```ts
 * const shout: Transform = () => ({
 *   transform: (event) => [event.type === 'text' ? { ...event, text: event.text.toUpperCase() } : event],
 * })
 * ```
 */
export type Transform = (stream: { id: string; meta: { readonly [name: string]: Json | undefined } }) => EventTransform

/** All transforms of a stream, one after the other, as the pump wants them. */
export function chainTransforms(transforms: readonly EventTransform[]): Rewrite | undefined {
  if (transforms.length === 0) return undefined
  const pass = (event: SourceEvent, from: number, admit: (event: Logged) => void): void => {
    const next = transforms[from]
    if (!next) return admit(isPlainText(event) ? event.text : event)
    for (const made of next.transform(event)) pass(made, from + 1, admit)
  }
  return (event, admit) => {
    if (event === undefined) {
      for (const [index, transform] of transforms.entries()) {
        for (const made of transform.flush?.() ?? []) pass(made, index + 1, admit)
      }
    } else if (typeof event === 'string') pass({ type: 'text', text: event }, 0, admit)
    else if (event.type !== 'end') pass(event, 0, admit)
  }
}
