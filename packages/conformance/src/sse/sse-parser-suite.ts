import type { MaybePromise } from '@sluice/core/extend'
import type { SseEvent } from '@sluice/sse'
import { describe, expect, test } from 'vitest'

import { type SseVector, sseVectors } from './sse-vectors.ts'

/** What a parser has made of a stream. What it has no notion of, it leaves out. */
export interface ParsedSse {
  events: readonly SseEvent[]
  comments?: readonly string[] | undefined
  retry?: readonly number[] | undefined
  discarded?: boolean | undefined
}

/** Parses a whole stream that comes in these pieces, which are cut anywhere and may be empty. */
export type ParseSse = (pieces: readonly Uint8Array[]) => MaybePromise<ParsedSse>

/** Compares what the parser tells; the rest is not asked for. */
function expectParsed(parsed: ParsedSse, vector: SseVector, how: string): void {
  const { events, comments, retry, discarded } = vector
  const wanted: ParsedSse = {
    events,
    comments: parsed.comments && comments,
    retry: parsed.retry && retry,
    discarded: parsed.discarded === undefined ? undefined : discarded,
  }
  expect({ how, ...parsed }).toEqual({ how, ...wanted })
}

/**
 * Runs every vector on a parser of server-sent events: as it came, whole, byte by byte, and cut in two at every byte.
 *
 * @example
 * ```ts
 * describeSseParser('mine', (pieces) => {
 *   const events: SseEvent[] = []
 *   const parser = createSseParser({ onEvent: (event) => events.push(event) })
 *   for (const piece of pieces) parser.push(piece)
 *   return { events, ...parser.end() }
 * })
 * ```
 */
export function describeSseParser(name: string, parse: ParseSse): void {
  describe.each(sseVectors)(`the SSE parser ${name}, $name: $why`, (vector) => {
    const { bytes, pieces } = vector

    test('as it came, and whole', async () => {
      expectParsed(await parse(pieces), vector, 'as it came')
      expectParsed(await parse([bytes]), vector, 'whole')
    })

    test('byte by byte, and cut in two at every byte', async () => {
      expectParsed(await parse(Array.from(bytes, (byte) => Uint8Array.of(byte))), vector, 'byte by byte')
      for (let at = 0; at <= bytes.length; at++) {
        expectParsed(await parse([bytes.subarray(0, at), bytes.subarray(at)]), vector, `cut at byte ${at}`)
      }
    })
  })
}
