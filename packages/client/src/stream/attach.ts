import { invalidOption } from '../errors/option-rules.ts'
import type { Environment } from '../clock/environment.ts'
import type { Bookmark } from './bookmark.ts'
import { type ClientOptions, resolveClientOptions, resolveUrl } from './client-options.ts'
import { ClientStream } from './client-stream.ts'
import type { ReadingStart } from './reading-start.ts'

/** Which stream to read: where it is, as a bookmark says; or its id, a cursor of it, or the key under which it runs. */
export type ClientRef = Bookmark | { id: string } | { cursor: string } | { key: string }

/** Options of {@link attach}. */
export interface AttachOptions extends ClientOptions {
  /**
   * Where the server has its streams, for an id, a cursor or a key.
   * @defaultValue '/v1/streams'
   */
  streams?: string | URL | undefined
  /** `now`: only what comes from here on. */
  after?: 'now' | undefined
}

/**
 * Reads a stream that exists: after the bookmark's or the given cursor, else from the beginning.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const stream = attach(JSON.parse(sessionStorage.getItem('answer') ?? ''))
 * for await (const event of stream) if (event.type === 'text') show(event.text)
 * ```
 */
export function attach(ref: ClientRef, options: AttachOptions = {}): ClientStream {
  return attachIn(undefined, ref, options)
}

/** {@link attach}, in an environment of the caller's. @internal */
export function attachIn(environment: Environment | undefined, ref: ClientRef, options: AttachOptions): ClientStream {
  const { after } = options
  const resolved = resolveClientOptions(options)
  if (after !== undefined && after !== 'now') throw invalidOption('after', after, '"now"; a cursor goes into the ref')
  const query: Record<string, string> = after ? { after } : {}
  return new ClientStream(resolved, { repeatable: true, query, ...placeOf(ref, options.streams) }, environment)
}

function placeOf(ref: ClientRef, streams: string | URL = '/v1/streams'): Partial<ReadingStart> {
  if (typeof ref !== 'object' || ref === null) throw invalidOption('ref', ref, RULE)
  if ('url' in ref) return { url: resolveUrl('ref.url', ref.url), cursor: ref.cursor }
  const [name, value] = Object.entries(ref)[0] ?? []
  if (!['id', 'cursor', 'key'].includes(name ?? '') || typeof value !== 'string') throw invalidOption('ref', ref, RULE)
  const collection = resolveUrl('streams', streams)
  if (name !== 'key') {
    const url = `${collection}/${encodeURIComponent(value)}`
    return { url, cursor: name === 'cursor' ? value : undefined }
  }
  const url = `${collection}?${new URLSearchParams({ key: value }).toString()}`
  return { start: { url, method: 'GET', body: undefined, headers: {} } }
}

const RULE = 'an object with a url (and a cursor), or an id, a cursor or a key'
