import type { Bodies } from '@sluice/core/extend'

/** A request as the stream resource sees it, whatever server it came through. */
export interface HttpRequest<Raw = unknown> {
  readonly method: string
  /** Path below the mount, as it was sent: `/streams/6qf3…`; `/` for the mount itself. Empty for a path that is not below it. */
  readonly path: string
  readonly query: URLSearchParams
  /** Value of a header by its name in lower case, bytes read as latin1; several values are joined by commas. */
  header(name: string): string | undefined
  /**
   * The body, parsed from JSON. `bodies` counts it among those that are being received, and sees that it comes. Rejects with
   * `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`, `SLUICE_ERR_OVERLOADED` or `SLUICE_ERR_TIMEOUT` (408).
   */
  body(bodies?: Bodies): Promise<unknown>
  /**
   * The text that `body` was parsed from, once that has resolved: for whom every digit counts. Absent where a framework has
   * parsed it.
   */
  readonly bodyText?: (() => string | undefined) | undefined
  /** The same in UTF-8, as it came: for what is long, where nothing needs it as a text. */
  readonly bodyBytes?: (() => Uint8Array | undefined) | undefined
  /** Aborts when the client has gone, or the response is over. */
  readonly signal: AbortSignal
  /** The request of the server or framework: what `identify` looks at. */
  readonly raw: Raw
  /** The mount as clients see it, for `Location` and `Content-Location`: `/v1`. Empty for the root. */
  readonly mount: string
  /** Keeps a serverless function alive until a stream that this request started is settled. */
  readonly waitUntil?: ((settled: Promise<void>) => void) | undefined
}

/** Where a resource is mounted. */
export interface MountOptions {
  /** Path the resource is mounted at, such as `/v1`. Default: the root. */
  mount?: string | undefined
  /**
   * The mount as clients see it, such as `/chat/v1` or `https://api.example/v1`, where a proxy changes the path: `Location` and
   * `Content-Location` begin with it. Default: `mount`, below what a proxy says in `X-Forwarded-Prefix`.
   */
  publicMount?: string | undefined
}

/** Segments of a path and nothing else: what it names is on the same host. */
const FORWARDED_PREFIX = /^(?:\/[\w~-][\w.~-]*)+$/

/** The mount as clients see it. A client that names a prefix itself misleads nobody else: no cache keeps an answer. */
export function publicMountOf(
  { mount = '', publicMount }: MountOptions,
  header: (name: string) => string | undefined,
): string {
  if (publicMount !== undefined) return publicMount
  const prefix = header('x-forwarded-prefix')
  return prefix !== undefined && FORWARDED_PREFIX.test(prefix) ? prefix + mount : mount
}

/** A header of application text: latin1 as servers hand it out, read as the UTF-8 that browsers send. */
export function readHeaderText(request: Pick<HttpRequest, 'header'>, name: string): string | undefined {
  const value = request.header(name)
  if (value === undefined) return undefined
  let highest = 0
  for (let index = 0; index < value.length; index++) highest = Math.max(highest, value.charCodeAt(index))
  if (highest < 0x80 || highest > 0xff) return value
  return new TextDecoder().decode(Uint8Array.from(value, (unit) => unit.charCodeAt(0)))
}

/** Where a path leads below `mount`, which itself is `/`; empty when it is elsewhere. */
export function pathBelow(mount: string, path: string): string {
  if (path === mount && mount !== '') return '/'
  return path.startsWith(`${mount}/`) ? path.slice(mount.length) : ''
}
