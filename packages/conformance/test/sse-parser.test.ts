import { describeSseParser, type ParsedSse, type ParseSse, sseVectors } from '@sluice/conformance/sse'
import { createSseParser, parseSse, type SseEvent } from '@sluice/sse'
import { expect, test } from 'vitest'

const parseByCallbacks: ParseSse = (pieces) => {
  const events: SseEvent[] = []
  const comments: string[] = []
  const retry: number[] = []
  const parser = createSseParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (retryMs) => retry.push(retryMs),
  })
  for (const piece of pieces) parser.push(piece)
  return { events, comments, retry, ...parser.end() }
}

/** As a client reads a body. */
const parseBody: ParseSse = async (pieces) => {
  const bursts = parseSse(ReadableStream.from(pieces) as ReadableStream<Uint8Array>)
  const events: SseEvent[] = []
  for (;;) {
    const { done, value } = await bursts.next()
    if (done) return { events, ...value } satisfies ParsedSse
    events.push(...value)
  }
}

describeSseParser('createSseParser', parseByCallbacks)
describeSseParser('parseSse', parseBody)

test('there are vectors, each under a name of its own', () => {
  expect(sseVectors.length).toBeGreaterThanOrEqual(60)
  expect(new Set(sseVectors.map(({ name }) => name)).size).toBe(sseVectors.length)
  expect(sseVectors.find(({ name }) => name === 'utf8-split-everywhere')?.pieces).toHaveLength(17)
})
