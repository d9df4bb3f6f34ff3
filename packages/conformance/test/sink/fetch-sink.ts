import type { OpenedSink } from '@sluice/conformance'
import type { Sink } from '@sluice/core/extend'
import { DEFAULT_QUEUE_BYTES, toResponse } from '@sluice/sse'

import { ReceivedBody } from './received-body.ts'

/** Opens a sink of `toResponse`, read as a runtime reads the body of a fetch Response. */
export function openFetchSink(): OpenedSink {
  let losses = 0
  let sink: Sink | undefined
  const lost = Promise.withResolvers<void>()
  const response = toResponse({
    status: 200,
    headers: {},
    queueBytes: DEFAULT_QUEUE_BYTES,
    deliver(given) {
      sink = given
      return {
        lost() {
          losses++
          lost.resolve()
        },
      }
    },
  })
  const body = new ReceivedBody()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let reading = Promise.withResolvers<void>()
  let resume = reading.resolve
  async function read(): Promise<void> {
    for (;;) {
      await reading.promise
      const { done, value } = await reader.read()
      if (done) return body.end(true)
      body.take(value)
    }
  }
  void read().catch(() => body.end(false))
  const destroy = (): void => {
    body.end(false)
    void reader.cancel().catch(() => undefined)
  }
  return {
    sink: sink!,
    lost: lost.promise,
    losses: () => losses,
    client: {
      received: body.received,
      endedCleanly: body.endedCleanly,
      resume: () => resume(),
      pause() {
        reading = Promise.withResolvers()
        resume = reading.resolve
      },
      destroy,
    },
    cleanup() {
      destroy()
      resume()
      return Promise.resolve()
    },
  }
}
