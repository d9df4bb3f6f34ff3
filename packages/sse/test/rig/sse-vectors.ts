import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { SseEvent } from '@sluice/sse'

const FOLDER = join(import.meta.dirname, '../../../conformance/vectors/sse')

/** One parser vector: a stream, as text or as pieces of bytes, and what it says. */
export interface SseVector {
  name: string
  why: string
  input?: string
  inputBase64?: string[]
  events: SseEvent[]
  comments: string[]
  retry: number[]
  discarded: boolean
}

export const sseVectors: SseVector[] = readdirSync(FOLDER).map((file) => ({
  name: file.replace('.json', ''),
  ...(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Omit<SseVector, 'name'>),
}))

/** The stream of a vector as its own pieces. */
export function piecesOf({ input, inputBase64 }: SseVector): (string | Uint8Array)[] {
  return inputBase64 ? inputBase64.map((piece) => Buffer.from(piece, 'base64')) : [input ?? '']
}

/** The stream of a vector as UTF-8. */
export function bytesOf(vector: SseVector): Uint8Array {
  return Buffer.concat(piecesOf(vector).map((piece) => Buffer.from(piece)))
}
