import { parseCursor } from '@sluice/core/extend'
import { parseSse } from '@sluice/sse'

import { demand } from './demand.ts'

/** One piece of a native stream, as a client sees it. */
export interface Piece {
  readonly event: string
  readonly text: string
  /** The cursor after it; empty for a notice. */
  readonly cursor: string
  /** Tokens that travelled together in it. */
  readonly tokens: number
  readonly atMs: number
}

/** Reads a native stream from a response, piece by piece, as far as the caller wants. */
export async function* readPieces(response: Response): AsyncGenerator<Piece> {
  demand(response.status === 200 && response.body, `expected a stream, got status ${response.status}`)
  let seq = 0
  for await (const events of parseSse(response.body)) {
    const atMs = performance.now()
    for (const { event, id, data } of events) {
      const content = JSON.parse(data) as { text?: string; cursor?: string }
      const cursor = event === 'opened' ? content.cursor! : id
      const before = seq
      seq = cursor ? parseCursor(cursor).seq : seq
      yield { event, text: content.text ?? '', cursor: event === 'opened' ? '' : cursor, tokens: seq - before, atMs }
    }
  }
}

/** Asks the gateway for an answer of the demo runner. */
export function ask(url: string, demo: object, signal?: AbortSignal): Promise<Response> {
  const body = { messages: [{ role: 'user', content: 'Tell me a story' }], sluice_demo: { text: 'en', ...demo } }
  return fetch(`${url}/v1/streams`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ?? null,
  })
}
