import { collectJson, DEFAULT_MAX_BODY_BYTES, IncomingBody, requireUnencoded } from './json-body.ts'
import { type HttpRequest, pathBelow } from './http-request.ts'

/** How a fetch `Request` is read. */
export interface FetchRequestOptions {
  /** Path the resource is mounted at, such as `/v1`. Default: the root. */
  mount?: string | undefined
  /**
   * Largest body, in bytes.
   *
   * @defaultValue 1048576
   */
  maxBodyBytes?: number | undefined
  /** Keeps a serverless function alive until the stream is settled. */
  waitUntil?: ((settled: Promise<void>) => void) | undefined
}

/**
 * A fetch `Request` as the stream resource sees it.
 *
 * @example
 * ```ts
 * const plan = await resource.handle(toHttpRequest(request, { mount: '/v1' }))
 * ```
 */
export function toHttpRequest(request: Request, options: FetchRequestOptions = {}): HttpRequest<Request> {
  const { mount = '', maxBodyBytes = DEFAULT_MAX_BODY_BYTES, waitUntil } = options
  const url = new URL(request.url)
  let text: string | undefined
  return {
    method: request.method,
    path: pathBelow(mount, url.pathname),
    query: url.searchParams,
    header: (name) => request.headers.get(name) ?? (name === 'host' ? url.host : undefined),
    body: async (bodies) => {
      requireUnencoded(request.headers.get('content-encoding') ?? undefined)
      const read = await collectJson(request.body, new IncomingBody(maxBodyBytes, bodies))
      text = read.text
      return read.value
    },
    bodyText: () => text,
    signal: request.signal,
    raw: request,
    mount,
    waitUntil,
  }
}
