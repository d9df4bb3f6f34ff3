import type { Hash } from 'node:crypto'
import { Readable } from 'node:stream'

import { SluiceError } from '@sluice/core'

/**
 * The bytes of a request's body, as they come: of node's own request, of one that a framework has wrapped, or of a fetch `Request`.
 * Nothing may have read it before. Whoever stops early leaves the rest to {@link discardRest}.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function rawBytes(raw: unknown): AsyncIterable<Uint8Array> {
  const stream = streamOf(raw)
  if (stream instanceof Readable) return readableBytes(stream)
  if (stream) return stream
  const message = 'The body was read before it got here. Let it be on this path, and give what has it as "raw".'
  throw new SluiceError('SLUICE_ERR_REQUEST', message, { status: 500 })
}

/** Lets what is still to come of a body that is not wanted go by: a client reads its answer once it has sent its request. */
export function discardRest(raw: unknown): void {
  const stream = streamOf(raw)
  if (stream instanceof Readable) stream.resume()
}

/** The same bytes; the hash has them, too. */
export async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    hash.update(piece)
    yield piece
  }
}

async function* readableBytes(stream: Readable): AsyncGenerator<Uint8Array> {
  // Destroying it would take the connection, and the answer, with it.
  yield* stream.iterator({ destroyOnReturn: false })
  if (!stream.readableEnded) throw new SluiceError('SLUICE_ERR_REQUEST', 'The body was cut.')
}

function streamOf(raw: unknown): Readable | ReadableStream<Uint8Array> | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  if (raw instanceof Readable) return raw.readableDidRead ? undefined : raw
  const { body, raw: inner } = raw as { body?: unknown; raw?: unknown }
  if (inner instanceof Readable) return streamOf(inner)
  return body instanceof ReadableStream ? (body as ReadableStream<Uint8Array>) : undefined
}
