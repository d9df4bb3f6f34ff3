import type { EndEvent } from '@sluice/core'
import { type ClientEvent, type ClientStream, Painter } from '@sluice/client'

import type { ClientKind } from './client.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

/** The paint loop of `@sluice/client` itself, fed by hand. */
export const pacingClient: ClientKind = (frames, onPainted) => {
  const events: ClientEvent[] = []
  let wake: (() => void) | undefined
  let isOver = false
  let end: EndEvent | undefined

  async function* read(): AsyncGenerator<ClientEvent, void, undefined> {
    for (;;) {
      const event = events.shift()
      if (event) yield event
      else if (isOver) {
        end = END
        return
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  // As much of a stream as painting asks of it.
  const stream = {
    [Symbol.asyncIterator]: read,
    detach: () => undefined,
    get end() {
      return end
    },
  } as unknown as ClientStream
  const target = (piece: string): void => {
    frames.painted()
    onPainted(piece.length)
  }
  void new Painter(frames, stream, { target, options: undefined })

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
