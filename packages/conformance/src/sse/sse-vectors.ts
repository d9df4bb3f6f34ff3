import { readdirSync, readFileSync } from 'node:fs'

import { joinBytes } from '@sluice/core/extend'
import type { SseEvent } from '@sluice/sse'

/** One event stream, and what a parser makes of it. */
export interface SseVector {
  /** Names the situation. */
  readonly name: string
  /** The rule that it is about, as one sentence. */
  readonly why: string
  /** The stream in UTF-8, in the pieces in which it came. */
  readonly pieces: readonly Uint8Array[]
  /** The stream in one piece. */
  readonly bytes: Uint8Array
  readonly events: readonly SseEvent[]
  /** Comment lines, without their colon and one leading space. */
  readonly comments: readonly string[]
  /** Reconnection times asked for, in milliseconds. */
  readonly retry: readonly number[]
  /** Whether the stream ended inside an event, which is lost. */
  readonly discarded: boolean
}

/** A vector as it is written: text, or pieces of bytes in Base64. */
interface WrittenVector extends Omit<SseVector, 'name' | 'pieces' | 'bytes'> {
  input?: string
  inputBase64?: string[]
}

const FOLDER = new URL('../../vectors/sse/', import.meta.url)
const SUFFIX = '.json'

function readVector(file: string): SseVector {
  const { input, inputBase64, ...expected } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as WrittenVector
  const pieces = inputBase64
    ? inputBase64.map((piece) => Uint8Array.from(atob(piece), (letter) => letter.charCodeAt(0)))
    : [new TextEncoder().encode(input)]
  return { name: file.slice(0, -SUFFIX.length), ...expected, pieces, bytes: joinBytes(pieces) }
}

/**
 * What every parser of server-sent events must agree on, by name.
 *
 * @example
 * ```ts
 * for (const { name, why } of sseVectors) console.log(`${name}: ${why}`)
 * ```
 */
export const sseVectors: readonly SseVector[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(SUFFIX))
  .toSorted()
  .map(readVector)
