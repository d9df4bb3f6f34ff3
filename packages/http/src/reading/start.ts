import type { DataEvents, Sluice, Source, StartOptions, TokenStream, WireError } from '@sluice/core'

import { PendingReader } from './pending-reader.ts'
import type { HttpRequest } from '../request/http-request.ts'
import { awaitOpening } from './opening.ts'
import { type BodyPlan, emptyPlan, withHeaders } from '../response/plan.ts'
import { wireErrorOfEnd } from '../response/problem.ts'
import { type ErrorStyle, toRefusalPlan } from './refusal.ts'
import { locationOf } from './streaming-plan.ts'

/** A stream that is held for the client who asked for it. */
export interface Held<Data extends DataEvents = DataEvents> {
  stream: TokenStream<Data>
  hold: PendingReader
}

/** Starts a stream, or joins the one that stands in its place, and holds it until the client leaves. */
export async function startHeld<Data extends DataEvents>(
  sluice: Sluice<Data>,
  source: Source<Data>,
  options: StartOptions,
  signal: AbortSignal,
): Promise<Held<Data>> {
  const stream = await sluice.start(source, options)
  return { stream, hold: new PendingReader(stream, signal) }
}

/** Waits for the opening; gives the answer where it is not a stream, `undefined` where it is. */
export async function refusedOpening<Data extends DataEvents>(
  sluice: Sluice<Data>,
  { stream, hold }: Held<Data>,
  {
    openAfterMs,
    request,
    style,
  }: { openAfterMs?: number | undefined; request: Pick<HttpRequest, 'signal' | 'mount'>; style: ErrorStyle },
): Promise<BodyPlan | undefined> {
  const waitMs = openAfterMs ?? sluice.streamOptions.openAfterMs
  const opening = await awaitOpening(sluice, stream as TokenStream, waitMs, request.signal)
  if (opening.is === 'open' && !hold.left) return undefined
  hold.giveUp()
  return opening.is === 'failed' ? refusedStream(stream, wireErrorOfEnd(opening.end), request.mount, style) : leftPlan()
}

/** The answer to a request whose stream there is, and failed. */
export function refusedStream(
  stream: Pick<TokenStream, 'id'>,
  error: WireError,
  mount: string,
  style: ErrorStyle,
): BodyPlan {
  return withHeaders(toRefusalPlan(error, style), streamHeaders(stream, mount))
}

/** Which stream an answer that is no stream is about, and where that is. */
export function streamHeaders({ id }: Pick<TokenStream, 'id'>, mount: string): Record<string, string> {
  return { 'sluice-stream-id': id, 'content-location': locationOf(mount, id) }
}

/** Nobody is there to read it. */
export function leftPlan(): BodyPlan {
  return emptyPlan(499)
}
