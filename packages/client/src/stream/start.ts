import type { Environment } from '../clock/environment.ts'
import { newId } from '../clock/new-id.ts'
import { type ClientOptions, resolveClientOptions, resolveUrl } from './client-options.ts'
import { ClientStream } from './client-stream.ts'

/** Options of {@link start}. */
export interface StartOptions extends ClientOptions {
  /**
   * The method of the request.
   * @defaultValue `POST` where there is a body, else `GET`
   */
  method?: string | undefined
  /**
   * Under which the request may be repeated when its answer was lost: the server then joins the stream that it began. `false`
   * for a server that does not know such keys; a request whose answer is lost fails then.
   *
   * @defaultValue a random one
   */
  idempotencyKey?: string | false | undefined
}

/**
 * Starts a stream: sends `body` to `url`, and reads the answer, over as many connections as it takes. A text is sent as it is,
 * anything else as JSON.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`; TypeError for what `fetch` cannot send
 * @example
 * ```ts
 * const stream = start('/v1/streams', { messages })
 * show(await stream.text())
 * ```
 */
export function start(url: string | URL, body?: unknown, options: StartOptions = {}): ClientStream {
  return startIn(undefined, url, body, options)
}

/** {@link start}, in an environment of the caller's. @internal */
export function startIn(
  environment: Environment | undefined,
  url: string | URL,
  body: unknown,
  options: StartOptions,
): ClientStream {
  const resolved = resolveClientOptions(options)
  const { method = body === undefined ? 'GET' : 'POST', idempotencyKey = newId() } = options
  const headers: Record<string, string> = idempotencyKey === false ? {} : { 'idempotency-key': idempotencyKey }
  const isText = typeof body === 'string'
  if (body !== undefined && !isText) headers['content-type'] = 'application/json'
  const text = isText ? body : JSON.stringify(withWishes(body, resolved.wishes))
  const request = { url: resolveUrl('url', url), method, body: text, headers: { ...headers, ...resolved.headers } }
  // What can never be sent is told at once, and not taken for a network that fails.
  void new Request(request.url, request)
  return new ClientStream(resolved, { start: request, repeatable: idempotencyKey !== false }, environment)
}

/** What the client says of its stream stands in the member `sluice`; what the application has written there wins. */
function withWishes(body: unknown, wishes: ClientOptions['wishes']): unknown {
  if (!wishes || typeof body !== 'object') return body
  return { ...body, sluice: { ...wishes, ...(body as { sluice?: object }).sluice } }
}
