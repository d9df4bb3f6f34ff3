import { guardSignal } from '@sluice/core/extend'
import type { NodeResponse } from '@sluice/sse/node'

import { type HttpRequest, pathBelow, type MountOptions, publicMountOf } from './http-request.ts'
import { DEFAULT_MAX_BODY_BYTES } from './json-body.ts'
import { type NodeRequest, readNodeJson } from './node-body.ts'

const DECODER = new TextDecoder()

/** How a request of node's server is read. */
export interface NodeRequestOptions extends MountOptions {
  /** Path and query, where a framework has rewritten `request.url`. */
  url?: string | undefined
  /**
   * Largest body, in bytes.
   *
   * @defaultValue 1048576
   */
  maxBodyBytes?: number | undefined
}

/**
 * A request of node's server as the stream resource sees it. A body that a parser has read already is taken from
 * `request.body`. Where a framework keeps it elsewhere, or knows more of its client, spread this and put `body` or `raw` in its
 * place.
 *
 * @example
 * ```ts
 * const plan = await resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
 * ```
 */
export function toHttpRequest<Request extends NodeRequest>(
  request: Request,
  response: NodeResponse,
  options: NodeRequestOptions = {},
): HttpRequest<Request> {
  const { mount = '', url = request.url ?? '', maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = options
  const [path, search] = splitUrl(url)
  let bytes: Uint8Array | undefined
  const header = (name: string): string | undefined => {
    const value = request.headers[name] ?? (name === 'host' ? request.headers[':authority'] : undefined)
    return typeof value === 'object' ? value.join(', ') : value
  }
  return {
    method: request.method ?? 'GET',
    path: pathBelow(mount, path),
    query: new URLSearchParams(search),
    header,
    body: async (bodies) => {
      const read = await readNodeJson(request, response, { maxBytes: maxBodyBytes, bodies })
      bytes = read.bytes
      return read.value
    },
    bodyText: () => bytes && DECODER.decode(bytes),
    bodyBytes: () => bytes,
    signal: signalOf(response),
    raw: request,
    mount: publicMountOf(options, header),
  }
}

/** Not `request`'s 'close': that one comes as soon as the body is read, while the client waits for its answer. */
function signalOf(response: NodeResponse): AbortSignal {
  const controller = new AbortController()
  if (response.destroyed) controller.abort()
  else response.once('close', () => controller.abort())
  // It is over for the client by then: nobody is left to tell of what user code throws at that.
  return guardSignal(controller.signal, () => {})
}

function splitUrl(url: string): [path: string, search: string] {
  // Proxies send the whole address.
  const local = /^https?:\/\/[^/?#]*/i.exec(url)
  const rest = local ? url.slice(local[0].length) : url
  const mark = rest.indexOf('?')
  return mark === -1 ? [rest, ''] : [rest.slice(0, mark), rest.slice(mark + 1)]
}
