import { type EndEvent, SluiceError, type StreamEvent, type TokenStream } from '@sluice/core'
import { errorOfEnd, invalidOption } from '@sluice/core/extend'
import { Observable, type Subscriber } from 'rxjs'

import { Demand } from './demand.ts'

/** A stream whose one reading the first subscriber takes; or what makes one, for each subscriber anew. */
export type StreamOrAttach = TokenStream | (() => TokenStream | Promise<TokenStream>)

/** Options of {@link toObservable}. */
export interface ToObservableOptions {
  /** What unsubscribing before the end does: it leaves the reading, or ends the stream for everyone. Default `detach`. */
  onUnsubscribe?: 'detach' | 'cancel' | undefined
  /** Grants so many more events with each number; without it an event follows when the one before has been handled. */
  demand?: Observable<number> | undefined
}

/**
 * The events of a stream, `end` last. One is in flight: the next is pulled when `next` has returned, or when `demand` grants
 * it, and the source is held back meanwhile. Completes after a whole answer; any other end is an error, after its `end`.
 *
 * Cancellation: unsubscribing leaves the reading at once, also while it waits; with `onUnsubscribe: 'cancel'` it ends the stream.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * toObservable(() => sluice.start(source, { as })).subscribe((event) => log(event))
 * ```
 */
export function toObservable(from: StreamOrAttach, options: ToObservableOptions = {}): Observable<StreamEvent> {
  const { onUnsubscribe = 'detach', demand } = options
  if (onUnsubscribe !== 'detach' && onUnsubscribe !== 'cancel') {
    throw invalidOption('onUnsubscribe', onUnsubscribe, '"detach" or "cancel"')
  }
  return new Observable((subscriber) => {
    let stream: TokenStream | undefined
    const read = async (): Promise<void> => {
      stream = typeof from === 'function' ? await from() : from
      if (subscriber.closed) return leave(stream, onUnsubscribe)
      await deliver(stream, subscriber, demand && new Demand(demand, subscriber))
    }
    read().catch((error: unknown) => subscriber.error(error))
    return () => {
      if (stream) leave(stream, onUnsubscribe)
    }
  })
}

async function deliver(stream: TokenStream, subscriber: Subscriber<StreamEvent>, demand?: Demand): Promise<void> {
  for await (const event of stream) {
    await demand?.granted()
    if (subscriber.closed) return
    subscriber.next(event)
    if (event.type === 'end') return finish(event, subscriber)
  }
  if (stream.end) finish(stream.end, subscriber)
  else subscriber.error(new SluiceError('SLUICE_ERR_READING_CLOSED', 'This reading was left by somebody else.'))
}

function finish(end: EndEvent, subscriber: Subscriber<StreamEvent>): void {
  if (end.complete) subscriber.complete()
  else subscriber.error(errorOfEnd(end))
}

/** Idempotent: a stream that has ended is neither read nor cancelled any more. */
function leave(stream: TokenStream, how: 'detach' | 'cancel'): void {
  stream.detach()
  // Whoever has unsubscribed hears of nothing any more; the stream's own end says how that went.
  if (how === 'cancel' && !stream.end) stream.cancel().catch(() => {})
}
