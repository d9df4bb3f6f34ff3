import { type HttpRequest, readHeaderText } from './http-request.ts'
import { prefersStrict } from './prefer.ts'

/** Where a client wants to read on. */
export interface RequestedCursor {
  cursor: string
  /** True when the same client's output goes on after a drop; false when a new reader begins in the middle. */
  continues: boolean
}

/** The cursor a request carries: the `Last-Event-ID` header, else `?after=`. */
export function readCursor(request: Pick<HttpRequest, 'header' | 'query'>): RequestedCursor | undefined {
  const last = readHeaderText(request, 'last-event-id')
  if (last) return { cursor: last, continues: true }
  const after = request.query.get('after')
  return after ? { cursor: after, continues: false } : undefined
}

/** Whether the client may be an `EventSource`, which gives up for ever on an error status. */
export function isForgiving(request: Pick<HttpRequest, 'header' | 'method'>): boolean {
  return request.method === 'GET' && !prefersStrict(request.header('prefer'))
}
