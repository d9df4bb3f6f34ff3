import type { ServerResponse } from 'node:http'

import { describeSink } from '@sluice/conformance'
import { DEFAULT_QUEUE_BYTES } from '@sluice/sse'

import { openFetchSink } from './fetch-sink.ts'
import { HTTP1, HTTP1_0, HTTP2, openNodeSink } from './node-sinks.ts'
import { openCollectingSink, openStallingSink } from './testing-sinks.ts'

const queueBytes = DEFAULT_QUEUE_BYTES

/** Passes everything on, except for callbacks: as compression and many others do. */
function wrapWrite(response: ServerResponse): void {
  const write = response.write.bind(response) as (chunk: unknown, encoding?: unknown) => boolean
  response.write = (chunk: unknown, encoding?: unknown) =>
    write(chunk, typeof encoding === 'string' ? encoding : undefined)
}

/** Only its end is of interest, as for a logger. */
function wrapEnd(response: ServerResponse): void {
  const end = response.end.bind(response) as (...given: unknown[]) => ServerResponse
  response.end = (...given: unknown[]) => end(...given)
}

describeSink('a Node response over HTTP/1.1', { open: () => openNodeSink(HTTP1), queueBytes })
describeSink('a Node response over HTTP/1.0', { open: () => openNodeSink(HTTP1_0), queueBytes })
describeSink('a Node response over HTTP/2', { open: () => openNodeSink(HTTP2), queueBytes })
describeSink('a Node response whose write is wrapped', { open: () => openNodeSink(HTTP1, wrapWrite), queueBytes })
describeSink('a Node response whose end is wrapped', { open: () => openNodeSink(HTTP1, wrapEnd), queueBytes })
describeSink('a Node response over HTTP/2 whose write is wrapped', {
  open: () => openNodeSink(HTTP2, wrapWrite),
  queueBytes,
})
describeSink('a fetch Response', { open: async () => openFetchSink(), queueBytes, transportBytes: 0 })
describeSink('the collecting sink', {
  open: async () => openCollectingSink(),
  queueBytes,
  waits: false,
  tellsLoss: false,
})
describeSink('the stalling sink', {
  open: async () => openStallingSink(queueBytes),
  queueBytes,
  transportBytes: 0,
  tellsLoss: false,
})
