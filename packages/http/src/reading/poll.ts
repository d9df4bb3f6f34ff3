import type { Principal, ReadingOutcome, Sluice, StreamRef, TokenStream } from '@sluice/core'
import type { Sink, WireBytes } from '@sluice/core/extend'

import { attachFor } from './attach.ts'
import type { HttpRequest } from '../request/http-request.ts'
import { linesWire } from './lines-wire.ts'
import { BODY_HEADERS, type BodyPlan } from '../response/plan.ts'
import { leftPlan, streamHeaders } from './start.ts'

/** One poll of a stream. */
export interface PollAsked {
  ref: StreamRef
  /** Where the client is, if not where `ref` says. */
  after: string | undefined
  as: Principal
  /** Name under which the reader's credit arrives. */
  readerName: string | undefined
  /** How long to wait while there is nothing. 0: not at all. */
  waitMs: number
}

/**
 * The answer to a long-poll: the events after the client's cursor, a line of JSON each, as soon as there are some, and at most
 * one chunk of them; with no line when there were none in time. `Sluice-Cursor` says where the next poll goes on. After the end
 * there is nothing: 204.
 *
 * Cancellation: a client that leaves meanwhile is a reader that leaves. One that was answered counts as reading for
 * `betweenPollsMs` more.
 *
 * @throws SluiceError as `Sluice.attach` does
 */
export async function planPoll(
  sluice: Sluice,
  request: Pick<HttpRequest, 'method' | 'mount' | 'signal'>,
  { ref, after, as, readerName, waitMs }: PollAsked,
): Promise<BodyPlan> {
  const { stream, plan } = await attachFor(sluice, { ref, after, as })
  if (!stream) return plan
  const headers: Record<string, string> = {
    ...BODY_HEADERS,
    vary: `Prefer, ${BODY_HEADERS.vary}`,
    'content-type': linesWire.contentType,
    ...streamHeaders(stream, request.mount),
  }
  // Where a poll would end is known by making it.
  if (request.method === 'HEAD') return { status: 200, headers }
  const { outcome, lines } = await poll(stream, request.signal, { name: readerName, waitMs })
  if (outcome === 'detached') return leftPlan()
  if (outcome === 'failed') throw new Error('The events of a poll could not be written down.')
  if (!LOST.has(outcome)) headers['sluice-cursor'] = stream.position
  return { status: 200, headers, body: lines }
}

/** Outcomes after which nothing follows from where the reader is. */
const LOST: ReadonlySet<ReadingOutcome> = new Set(['trimmed', 'epoch', 'storage'])

async function poll(
  stream: TokenStream,
  signal: AbortSignal,
  { name, waitMs }: { name: string | undefined; waitMs: number },
): Promise<{ outcome: ReadingOutcome; lines: string }> {
  const sink = new LineSink()
  const over = Promise.withResolvers<ReadingOutcome>()
  const connection = stream.deliver(sink, { wire: linesWire, name, waitMs, heartbeatMs: false, onOver: over.resolve })
  const leave = (): void => connection.lost()
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave)
  const outcome = await over.promise
  signal.removeEventListener('abort', leave)
  // All of it is here: there is no peer that a close grace would be for.
  connection.lost()
  return { outcome, lines: sink.lines }
}

/** Collects what one poll is answered with: a chunk, and no more. */
class LineSink implements Sink {
  lines = ''

  write(bytes: WireBytes): boolean {
    this.lines += typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
    return true
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {}

  destroy(): void {}
}
