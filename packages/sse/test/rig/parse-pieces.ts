import { createSseParser, type SseLimits } from '@sluice/sse'

import type { Parsed } from './spec-parser.ts'

/** What our parser makes of a stream that comes in these pieces. */
export function parsePieces(pieces: Iterable<string | Uint8Array>, limits?: SseLimits): Parsed {
  const parsed: Parsed = { events: [], comments: [], retry: [], discarded: false }
  const parser = createSseParser({
    onEvent: (event) => parsed.events.push(event),
    onComment: (comment) => parsed.comments.push(comment),
    onRetry: (retryMs) => parsed.retry.push(retryMs),
    limits,
  })
  for (const piece of pieces) parser.push(piece)
  parsed.discarded = parser.end().discarded
  return parsed
}

/** `whole` cut at these places, which may repeat and be in any order. */
export function cutAt<Piece extends string | Uint8Array>(whole: Piece, places: readonly number[]): Piece[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
  return cuts.slice(1).map((end, index) => whole.slice(cuts[index], end) as Piece)
}
