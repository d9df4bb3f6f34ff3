import { createSseParser, type SseEnd, type SseEvent } from './parser.ts'
import type { SseLimits } from './parser-limits.ts'

/** The body of an SSE response: pieces of text or UTF-8 bytes, cut anywhere. */
export type SseBody = AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array | string>

/**
 * Parses the body of an SSE response. Yields all events of one piece of the body together, so that a burst costs one
 * `await`; returns how the body ended. Events before one that breaks a limit are yielded before it throws.
 *
 * Cancellation: leaving the loop cancels `body`, once the read under way has settled. To interrupt that read, abort the
 * request that `body` came from.
 *
 * @throws SluiceError `SLUICE_ERR_PARSE` over a limit
 *
 * @example
 * ```ts
 * const { body } = await fetch(url)
 * if (body) for await (const events of parseSse(body)) for (const { data } of events) console.log(data)
 * ```
 */
export async function* parseSse(body: SseBody, limits?: SseLimits): AsyncGenerator<readonly SseEvent[], SseEnd, void> {
  let events: SseEvent[] = []
  const parser = createSseParser({ onEvent: (event) => void events.push(event), limits })
  let failure: { error: unknown } | undefined
  for await (const chunk of Symbol.asyncIterator in body ? body : readAll(body)) {
    try {
      parser.push(chunk)
    } catch (error) {
      failure = { error }
    }
    if (events.length > 0) {
      const burst = events
      events = []
      yield burst
    }
    if (failure) throw failure.error
  }
  return parser.end()
}

/** For browsers whose streams cannot be iterated. */
async function* readAll(body: ReadableStream<Uint8Array | string>): AsyncGenerator<Uint8Array | string, void, void> {
  const reader = body.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // After a normal end, or an error of the body, this changes nothing.
    await reader.cancel().catch(() => undefined)
    reader.releaseLock()
  }
}
