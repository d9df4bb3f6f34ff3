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

/** The cursor a request carries: the `Last-Event-ID` header, read as an id of its wire, else `?after=`. */
export function readCursor(
  request: Pick<HttpRequest, 'header' | 'query'>,
  ids: RequestedIds,
): RequestedCursor | undefined {
  const last = readLastEventId(request, ids)
  if (last) return { cursor: last, continues: true }
  const after = request.query.get('after')
  return after ? { cursor: after, continues: false } : undefined
}

/** The cursor in the `Last-Event-ID` header, where it has one. */
export function readLastEventId(
  request: Pick<HttpRequest, 'header'>,
  { wire, streamId }: RequestedIds,
): string | undefined {
  const last = readHeaderText(request, 'last-event-id')
  return last && (wire?.cursorOfId?.(last, streamId) ?? last)
}

/** Whether the client may be an `EventSource`, which gives up for ever on an error status. */
export function isForgiving(request: Pick<HttpRequest, 'header' | 'method'>): boolean {
  return request.method === 'GET' && !prefersStrict(request.header('prefer'))
}
