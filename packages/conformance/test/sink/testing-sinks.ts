import type { OpenedSink } from '@sluice/conformance'
import type { Sink, WireBytes } from '@sluice/core/extend'
import { createCollectingSink, createStallingSink } from '@sluice/testing'

import { ReceivedBody } from './received-body.ts'

/** What both kinds of test sink are opened as: `inner` behind a wrapper that watches how it ends. */
function openTestSink(
  inner: Sink,
  {
    finished,
    received,
    beforeWrite,
    resume,
    pause,
  }: {
    finished: () => boolean
    received: () => Uint8Array
    beforeWrite: (bytes: WireBytes) => void
    resume: () => void
    pause: () => void
  },
): OpenedSink {
  const body = new ReceivedBody()
  let left: Uint8Array | undefined
  const look = (): void => {
    if (finished()) body.end(true)
  }
  return {
    sink: {
      write(bytes) {
        beforeWrite(bytes)
        return inner.write(bytes)
      },
      drained: () => inner.drained(),
      close() {
        inner.close()
        look()
      },
      destroy() {
        left ??= received()
        inner.destroy()
        body.end(false)
      },
    },
    lost: new Promise(() => undefined),
    losses: () => 0,
    client: {
      received: () => left ?? received(),
      endedCleanly: body.endedCleanly,
      resume() {
        resume()
        look()
      },
      pause,
      destroy: () => undefined,
    },
    cleanup: () => Promise.resolve(),
  }
}

export function openCollectingSink(): OpenedSink {
  const sink = createCollectingSink()
  const nothing = (): void => undefined
  return openTestSink(sink, {
    finished: () => sink.closed && !sink.destroyed,
    received: () => sink.bytes(),
    beforeWrite: nothing,
    resume: nothing,
    pause: nothing,
  })
}

/** Its client takes `acceptBytes` as a kernel would, and the rest while it reads. */
export function openStallingSink(acceptBytes: number): OpenedSink {
  const sink = createStallingSink({ acceptBytes })
  let reading = false
  return openTestSink(sink, {
    finished: () => sink.finished,
    received: () => sink.bytes().subarray(0, sink.bytesWritten - sink.queuedBytes),
    beforeWrite(bytes) {
      if (reading) sink.release(Buffer.byteLength(bytes))
    },
    resume() {
      reading = true
      sink.release(sink.queuedBytes + acceptBytes)
    },
    pause() {
      reading = false
    },
  })
}
