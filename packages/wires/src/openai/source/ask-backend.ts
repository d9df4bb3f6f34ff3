import { type Addition, blamedAddition, type KnownAdditions } from './additions.ts'
import type { ChatRequest } from './chat-request.ts'
import type { BackendErrors } from '../../backend/error/backend-error.ts'
import { readHead } from '../../backend/error/read-head.ts'

/** What a refusal says of its reason is found at its beginning. */
const MAX_REASON_BYTES = 64 * 1024

/** What a backend is asked with. */
export interface AskParts {
  readonly known: KnownAdditions
  readonly send: (body: string | Uint8Array<ArrayBuffer>, streams: boolean) => Promise<Response>
  readonly errors: BackendErrors
}

/**
 * Asks a backend for an answer. What it refuses because sluice added it to the client's request is asked again without
 * that, and not added again for a while; what it refuses of the client's own is the client's error.
 *
 * @throws SluiceError `SLUICE_ERR_BACKEND` with the backend's status, wish for a retry and error body
 */
export async function askBackend(request: ChatRequest, { known, send, errors }: AskParts): Promise<Response> {
  const added = new Set<Addition>(request.additions.filter((addition) => !known.isRefused(addition)))
  const leftOut: Addition[] = []
  for (;;) {
    const streams = added.has('stream') || !request.additions.includes('stream')
    // Without a stream its options mean nothing, and are refused.
    if (!streams) added.delete('usage')
    const response = await send(request.bodyWith(added), streams)
    if (response.ok) {
      for (const addition of added) known.accept(addition)
      // Only now: a refusal that mentions them may have been of something else, and has shown the whole request.
      for (const addition of leftOut) known.refuse(addition)
      return response
    }
    if (added.size === 0) throw await errors.refused(response)
    const text = await readHead(response, MAX_REASON_BYTES)
    const blamed = blamedAddition({ status: response.status, text }, added, known)
    if (!blamed) throw await errors.refused(withBody(response, text))
    added.delete(blamed)
    leftOut.push(blamed)
  }
}

function withBody({ status, headers }: Response, text: string): Response {
  return new Response(text === '' ? null : text, { status, headers })
}
