import type { EndEvent } from '@sluice/core'
import { type ClientEvent, type ClientStream, paintOn } from '@sluice/client'

import type { ClientKind } from './client.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

/** The paint loop of `@sluice/client` itself, fed by hand. */
export const pacingClient: ClientKind = (frames, onPainted) => {
  const events: ClientEvent[] = []
  let wake: (() => void) | undefined
  let isOver = false
  const { promise: ended, resolve: end } = Promise.withResolvers<EndEvent>()

  async function* read(): AsyncGenerator<ClientEvent, void, undefined> {
    for (;;) {
      const event = events.shift()
      if (event) yield event
      else if (isOver) {
        end(END)
        return
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  // As much of a stream as painting asks of it.
  const stream = {
    [Symbol.asyncIterator]: read,
    detach: () => undefined,
    ended,
  } as unknown as ClientStream
  const target = (piece: string): void => {
    frames.painted()
    onPainted(piece.length)
  }
  paintOn(frames, stream, target)

  return {
    arrived(chars) {
      if (chars > 0) events.push({ type: 'text', text: 'x'.repeat(chars) })
      wake?.()
    },
    over() {
      isOver = true
      wake?.()
    },
  }
}
