import { ConnectError } from '@connectrpc/connect'
import { type Connection, deliverOptionsOf } from '@sluice/core/extend'

import type { Begun } from './begin-reading.ts'
import { EventEncoder, type ReadingEnd, wireOf } from '../message/event-encoder.ts'
import { PullSink } from './pull-sink.ts'
import type { ServiceParts } from './service-parts.ts'
import { statusOfReading, toConnectError } from '../message/status.ts'

/** Makes a response of the bytes of its fields. */
export type ToResponse<Response> = (bytes: Uint8Array) => Response

/**
 * Serves one reading as the responses of one call. The transport asks for the next response once it has room for it, so
 * a client that does not read stops the source.
 *
 * Cancellation: when the call's signal aborts the reading is left, and its stream goes on or not by its own policy.
 *
 * @throws ConnectError unless the stream is complete: a cut stream never looks like a whole one
 */
export async function* serveReading<Response>(
  { reader, queueBytes }: ServiceParts,
  { stream, credit, name, reading }: Begun,
  signal: AbortSignal,
  toResponse: ToResponse<Response>,
): AsyncGenerator<Response, void, undefined> {
  const encoder = new EventEncoder({ nothingLeft: stream.exhausted ? stream.end : undefined })
  const sink = new PullSink(queueBytes, true)
  const how = { ...reader, ...deliverOptionsOf(reading), wire: wireOf(encoder), credit, name }
  const connection = stream.deliver(sink, how)
  const leave = leaveOnAbort(connection, sink, signal)
  try {
    for (;;) {
      const bytes = await sink.next()
      if (bytes === undefined) break
      yield toResponse(bytes)
    }
  } finally {
    signal.removeEventListener('abort', leave)
    connection.lost()
  }
  if (signal.aborted) throw signal.reason instanceof ConnectError ? signal.reason : statusError(undefined)
  const { over } = encoder
  if (over?.type !== 'end' || !over.complete) throw statusError(over)
}

function leaveOnAbort(connection: Connection, sink: PullSink, signal: AbortSignal): () => void {
  const leave = (): void => {
    connection.lost()
    sink.destroy()
  }
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  return leave
}

function statusError(over: ReadingEnd | undefined): ConnectError {
  return toConnectError(statusOfReading(over))
}
