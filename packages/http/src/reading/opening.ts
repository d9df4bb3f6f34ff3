import type { EndEvent, Sluice, TokenStream } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

/** How the wait for a source turned out. `left`: the client did not wait for it. */
export type Opening = { is: 'open' } | { is: 'failed'; end: EndEvent } | { is: 'left' }

/** Waits until the source is open, has failed, takes longer than `openAfterMs`, or the client leaves. */
export async function awaitOpening(
  sluice: Pick<Sluice, 'after'>,
  stream: TokenStream,
  openAfterMs: number,
  signal: AbortSignal,
): Promise<Opening> {
  if (signal.aborted) return { is: 'left' }
  const { promise, resolve } = Promise.withResolvers<Opening>()
  const leave = (): void => resolve({ is: 'left' })
  const callOff = sluice.after(openAfterMs, () => resolve({ is: 'open' }))
  signal.addEventListener('abort', leave, { once: true })
  void stream.opened.then((end) => resolve(end && !end.complete ? { is: 'failed', end } : { is: 'open' }))
  const opening = await promise
  callOff()
  signal.removeEventListener('abort', leave)
  const end = opening.is === 'open' ? unheardEnd(stream) : undefined
  return end ? { is: 'failed', end } : opening
}

/** A repeated request for a stream that had failed before it said anything gets the same answer as the first one. */
function unheardEnd(stream: TokenStream): EndEvent | undefined {
  const { attached, end, cursor } = stream
  return attached && end && !end.complete && parseCursor(cursor).seq === 1 ? end : undefined
}
