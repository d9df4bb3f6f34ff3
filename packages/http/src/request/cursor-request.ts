import type { Wire } from '@sluice/core/extend'

import { type HttpRequest, readHeaderText } from './http-request.ts'
import { prefersStrict } from './prefer.ts'

/** Where a client wants to read on. */
export interface RequestedCursor {
  cursor: string
  /** True when the same client's output goes on after a drop; false when a new reader begins in the middle. */
  continues: boolean
}

/** Whose ids a request may carry: those of the wire it is about, and of the stream it names. */
export interface RequestedIds {
  wire?: Pick<Wire, 'cursorOfId'> | undefined
  streamId?: string | undefined
}

/** What polyfills of `EventSource` send in place of the header, and pages put where a service worker loses it. */
export const LAST_EVENT_ID_QUERY = 'lastEventId'
const AFTER_QUERY = 'after'
/** All members of a query that say where a client was. */
export const CURSOR_QUERY: readonly string[] = [LAST_EVENT_ID_QUERY, AFTER_QUERY]

/** The cursor a request carries: its last event id, read as an id of its wire, else `?after=`. */
export function readCursor(
  request: Pick<HttpRequest, 'header' | 'query'>,
  ids: RequestedIds,
): RequestedCursor | undefined {
  const last = readLastEventId(request, ids)
  if (last) return { cursor: last, continues: true }
  const after = request.query.get(AFTER_QUERY)
  return after ? { cursor: after, continues: false } : undefined
}

/** The cursor in the last event id of a request, where it has one. */
export function readLastEventId(
  request: Pick<HttpRequest, 'header' | 'query'>,
  { wire, streamId }: RequestedIds,
): string | undefined {
  const last = lastEventIdOf(request)
  return last && (wire?.cursorOfId?.(last, streamId) ?? last)
}

/**
 * The id that a client has read last, as it was sent: in the `Last-Event-ID` header, else in the query. The header is newer,
 * since a page's URL may have an id from the start; of several in a query the last one is, since polyfills add theirs.
 */
export function lastEventIdOf(request: Pick<HttpRequest, 'header' | 'query'>): string | undefined {
  return readHeaderText(request, 'last-event-id') || request.query.getAll(LAST_EVENT_ID_QUERY).at(-1) || undefined
}

/** Whether the client may be an `EventSource`, which gives up for ever on an error status. */
export function isForgiving(request: Pick<HttpRequest, 'header' | 'method'>): boolean {
  return request.method === 'GET' && !prefersStrict(request.header('prefer'))
}
