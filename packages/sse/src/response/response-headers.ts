/**
 * Headers of every streaming response. They keep caches, proxies and compression from holding tokens back, and one
 * reader's stream from another.
 */
export const SSE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  vary: 'Authorization, Cookie, Last-Event-ID',
})

/** What the headers of one streaming response say beyond {@link SSE_HEADERS}. */
export interface SseHeadersOptions {
  streamId: string
  /** Where the stream can be read again, path from the mount on. */
  contentLocation?: string | undefined
  /** The wire's own content type, where it is not SSE's. */
  contentType?: string | undefined
  /** True where other origins may read: lets their scripts see our headers. */
  cors?: boolean | undefined
}

/**
 * The headers of one streaming response, names in lower case.
 *
 * @example
 * ```ts
 * createSseHeaders({ streamId, contentLocation: `/streams/${streamId}` })
 * ```
 */
export function createSseHeaders(options: SseHeadersOptions): Record<string, string> {
  const headers: Record<string, string> = { ...SSE_HEADERS, 'sluice-stream-id': options.streamId }
  if (options.contentType !== undefined) headers['content-type'] = options.contentType
  if (options.contentLocation !== undefined) headers['content-location'] = options.contentLocation
  if (options.cors) headers['access-control-expose-headers'] = 'Content-Location, Sluice-Stream-Id'
  return headers
}
