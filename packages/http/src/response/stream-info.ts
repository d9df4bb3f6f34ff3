import type { Actor, EndEvent, InfoOptions, Sluice, StreamEvent, StreamInfo, StreamRef } from '@sluice/core'

/** What is told of a stream as JSON. */
export interface StreamDescription extends StreamInfo {
  /** With `?include=result`: the text of choice 0 so far. */
  text?: string | undefined
  /** With `?include=result`: all events so far, neighbours merged, without the end. */
  events?: readonly StreamEvent[] | undefined
  /** True when the beginning is not kept any more: `text` and `events` do not begin there. */
  trimmed?: boolean | undefined
}

/** What the verbs that end a stream answer. */
export interface EndedDescription {
  id: string
  status: StreamInfo['status']
  end?: EndEvent | undefined
}

/** How often a look is repeated for a cursor and a text that belong together. */
const MAX_LOOKS = 5

/** A stream as JSON; with `step`, once there is something new to say. */
export async function describeStream(
  sluice: Sluice,
  ref: StreamRef,
  { as, withResult, step }: { as: Actor; withResult: boolean; step?: Omit<InfoOptions, 'as'> | undefined },
): Promise<StreamDescription> {
  let info = await sluice.info(ref, { as, ...step })
  if (!withResult) return info
  const found = { id: info.id }
  for (let look = 1; ; look++) {
    const { text, events, trimmed } = await sluice.transcript(found, { as })
    const after = await sluice.info(found, { as })
    // Who reads on after the cursor must neither miss nor repeat anything; a stream too fast for that repeats.
    if (after.cursor === info.cursor || look === MAX_LOOKS) {
      return { ...info, text, events, ...(trimmed && { trimmed }) }
    }
    info = after
  }
}

/** What is left to say of a stream that was ended. */
export function describeEnded({ id, status, end }: StreamInfo): EndedDescription {
  return { id, status, end }
}
