import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import { SluiceError } from '@sluice/core'

import type { Backend } from './backend.ts'
import { type BodyReader, NodeBodyReader } from './body-reader.ts'
import { decodedBody } from './decode-body.ts'
import { BackendFailure, toBackendFailure } from './failure.ts'
import { isHidden, SecretMask } from './secret-mask.ts'

/** What is watched of the requests for one answer. */
export interface ChatExchange {
  /** The head of an answer. */
  answered(status: number, headers: IncomingHttpHeaders): void
  /** Why there is no answer, or no more of it. */
  failed(failure: BackendFailure): void
}

/**
 * `fetch` for the answers we read ourselves. Redirects are not followed: a backend's address is configured, not discovered,
 * and the key is for nobody else.
 */
export function createChatFetch(backend: Backend, key: string | undefined, exchange: ChatExchange): typeof fetch {
  return async (input, init = {}) => {
    try {
      const url = new URL(input instanceof Request ? input.url : input)
      const answer = await backend.request({
        method: init.method ?? 'GET',
        path: url.pathname + url.search,
        headers: init.headers as Record<string, string>,
        body: typeof init.body === 'string' ? Buffer.from(init.body) : (init.body as Uint8Array | undefined),
        signal: init.signal ?? undefined,
      })
      return toResponse(answer, key, exchange)
    } catch (error) {
      init.signal?.throwIfAborted()
      const failure = toBackendFailure(error)
      exchange.failed(failure)
      const code = failure.status === 504 ? 'SLUICE_ERR_TIMEOUT' : 'SLUICE_ERR_BACKEND'
      throw new SluiceError(code, failure.told, { cause: failure })
    }
  }
}

function toResponse(answer: IncomingMessage, key: string | undefined, exchange: ChatExchange): Response {
  const status = answer.statusCode ?? 502
  exchange.answered(status, answer.headers)
  if (status >= 300 && status < 400) {
    answer.on('error', () => {}).destroy()
    const where = answer.headers.location ?? 'nowhere'
    const told = `The backend redirects (status ${status}), and redirects are not followed.`
    throw new BackendFailure('redirect', `The backend redirects (${status}) to ${where}`, { told })
  }
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) headers.set(name, String(value))
  const body = decodedBody(answer)
  headers.delete('content-encoding')
  if (NO_BODY.has(status)) {
    answer.resume()
    return new Response(null, { status, headers })
  }
  const reader = new NodeBodyReader(body, {
    mask: isHidden(key, status) ? new SecretMask(key) : undefined,
    onFailure: (error) => exchange.failed(toBackendFailure(error)),
  })
  const isStream = status === 200 && /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
  if (!isStream) return new Response(toWebStream(reader), { status, headers })
  return { ok: true, status, headers, body: { getReader: () => reader } } as unknown as Response
}

const NO_BODY: ReadonlySet<number> = new Set([204, 205])

function toWebStream(reader: BodyReader): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (value) controller.enqueue(value)
      if (done) controller.close()
    },
    cancel: () => reader.cancel(),
  })
}
