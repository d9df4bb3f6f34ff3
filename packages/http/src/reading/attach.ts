import { type Actor, type DataEvents, type Sluice, SluiceError, type StreamRef, type TokenStream } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

import { answerAttach } from './attach-answer.ts'
import type { RequestedCursor } from '../request/cursor-request.ts'
import { type BodyPlan, emptyPlan } from '../response/plan.ts'

/** What somebody wants to read, and from where. */
export interface AttachAsked {
  ref: StreamRef
  after?: string | undefined
  as: Actor
  /** The key the stream must have, where the application names one. */
  key?: string | undefined
}

/** A reading, or the answer that there is nothing to read any more. */
export type Attachment<Data extends DataEvents = DataEvents> =
  | { stream: TokenStream<Data>; plan?: undefined }
  | { stream?: undefined; plan: BodyPlan }

/**
 * Attaches for a request. Contract 12 before everything: what is unknown and what is forbidden look the same.
 *
 * @throws SluiceError as `Sluice.attach` does
 */
export async function attachFor<Data extends DataEvents>(
  sluice: Sluice<Data>,
  { ref, after, as, key }: AttachAsked,
): Promise<Attachment<Data>> {
  const stream = await sluice.attach(ref, { as, after })
  if (key !== undefined && stream.key !== key) {
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  const answer = answerAttach({ stream }, false)
  if (answer.is !== 'over') return { stream }
  return { plan: emptyPlan(answer.status, { 'sluice-end': answer.reason, 'sluice-stream-id': stream.id }) }
}

/**
 * What a cursor without a path refers to: a stream of its own, or, for `now`, the one that has the key.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED`
 */
export function refOfCursor({ cursor }: RequestedCursor, key: string | undefined): { ref: StreamRef; after: string } {
  if (cursor === 'now') {
    if (key !== undefined) return { ref: { key }, after: cursor }
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor "now" names no stream.')
  }
  return { ref: { id: parseCursor(cursor).streamId }, after: cursor }
}
