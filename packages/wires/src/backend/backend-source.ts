import { isSluiceError, SluiceError, type Source } from '@sluice/core'
import type { AnswerReader } from './answer-reader.ts'
import { AnswerStream, type AnswerStreamParts } from './answer-stream.ts'
import { BackendErrors } from './error/backend-error.ts'
import { createRedact } from './error/redact.ts'

/** Where an answer comes from. */
export interface BackendOptions {
  /** As the provider's official client takes it: `http://localhost:8000/v1`. */
  baseUrl: string
  /** Further headers; they win over ours. */
  headers?: Readonly<Record<string, string>> | undefined
  /**
   * What makes the request.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof globalThis.fetch | undefined
  /**
   * Receives each failure of the backend, with its `cause`, which no client is shown: for a log. `stream` is the stream's
   * id. What it throws changes nothing.
   */
  onFailure?: ((error: SluiceError, stream: string) => void) | undefined
}

/** How one provider is asked and read. */
export interface BackendDialect {
  readonly limits: AnswerStreamParts['limits']
  /** What is appended to `baseUrl`. */
  readonly path: string
  /** Headers that say who asks; names in lower case. */
  readonly auth: Readonly<Record<string, string>>
  /** Asks, with `send`, which gives whatever the backend answers. What is not a success is thrown. */
  ask(send: Send, errors: BackendErrors, url: string): Promise<Response>
  reader(errors: BackendErrors): AnswerReader
}

/** Sends the JSON text of a request that wants a stream, or one body. */
export type Send = (body: string | Uint8Array<ArrayBuffer>, streams: boolean) => Promise<Response>

/** A source that asks a backend over HTTP, as a provider's dialect has it. @throws SluiceError `SLUICE_ERR_OPTION` */
export function backendSource(options: BackendOptions, dialect: BackendDialect): Source {
  const { headers, fetch = globalThis.fetch, onFailure } = options
  const url = resolveUrl(options.baseUrl, dialect.path)
  const { limits } = dialect
  const fixed = {
    // Compressed streams arrive in bursts.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    ...dialect.auth,
    ...lowerCased(headers),
  }
  const errors = new BackendErrors(createRedact(fixed))
  return async (context) => {
    const { id, signal } = context
    const failed = (error: SluiceError): void => report(onFailure, error, id)
    const send: Send = (body, streams) => {
      const accept = streams ? 'text/event-stream' : 'application/json'
      return fetch(url, { method: 'POST', headers: { accept, ...fixed }, body, signal })
    }
    const response = await open(() => dialect.ask(send, errors, url), { signal, errors, failed })
    const mediaType = response.headers.get('content-type') ?? ''
    const touch = (): void => context.touch()
    const reader = dialect.reader(errors)
    const stream = new AnswerStream(response.body!, { reader, errors, limits, mediaType, signal, touch, failed })
    // Whatever does not call itself an event stream may be a failure: until that is known, nothing is open.
    if (!/^text\/event-stream\b/i.test(mediaType)) await stream.begin()
    return stream
  }
}

async function open(
  ask: () => Promise<Response>,
  { signal, errors, failed }: Pick<AnswerStreamParts, 'signal' | 'errors' | 'failed'>,
): Promise<Response> {
  try {
    const response = await ask()
    if (response.body) return response
    throw errors.noBody(response.status)
  } catch (cause) {
    // An abort is told as its reason, everything else as the backend's failure.
    if (signal.aborted) throw signal.reason
    const error = isSluiceError(cause) ? cause : errors.unreachable(cause)
    failed(error)
    throw error
  }
}

function report(onFailure: BackendOptions['onFailure'], error: SluiceError, stream: string): void {
  try {
    onFailure?.(error, stream)
  } catch {
    // Whoever observes a failure must not become another.
  }
}

function resolveUrl(baseUrl: string, path: string): string {
  const url = baseUrl.replace(/\/+$/, '') + path
  if (URL.canParse(url) && /^https?:/i.test(url)) return url
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option baseUrl must be an http or https address such as "http://localhost:8000/v1" and is ${JSON.stringify(baseUrl)}.`,
  )
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
