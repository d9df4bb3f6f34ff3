import { alreadyRead, collectJson, DEFAULT_MAX_BODY_BYTES, IncomingBody, requireUnencoded } from './json-body.ts'
import { type HttpRequest, pathBelow, type MountOptions, publicMountOf } from './http-request.ts'

const DECODER = new TextDecoder()

/** How a fetch `Request` is read. */
export interface FetchRequestOptions extends MountOptions {
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
  const header = (name: string): string | undefined =>
    request.headers.get(name) ?? (name === 'host' ? url.host : undefined)
  let bytes: Uint8Array | undefined
  return {
    method: request.method,
    path: pathBelow(mount, url.pathname),
    query: url.searchParams,
    header,
    body: async (bodies) => {
      if (request.bodyUsed) throw alreadyRead('a Request has it once')
      requireUnencoded(header('content-encoding'))
      const read = await collectJson(request.body, new IncomingBody(maxBodyBytes, bodies))
      bytes = read.bytes
      return read.value
    },
    bodyText: () => bytes && DECODER.decode(bytes),
    bodyBytes: () => bytes,
    signal: request.signal,
    raw: request,
    mount: publicMountOf(options, header),
    waitUntil,
  }
}
