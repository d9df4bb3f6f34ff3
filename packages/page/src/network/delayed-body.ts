import type { Connection } from './connection.ts'
import type { Meter } from './meter.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes that may be on their way: beyond that the sender feels it. */
const MAX_TRAVELLING_BYTES = 256 * 1_024
/** What is held for a reader that does not read. */
const HELD_BYTES = 64 * 1_024

/** A body whose pieces travel over a connection, and fail with it. */
export function delayedBody(
  body: ReadableStream<Bytes>,
  { connection, meter, onOver }: { connection: Connection; meter: Meter; onOver: () => void },
): ReadableStream<Bytes> {
  const reader = body.getReader()
  let travelling = 0
  let wake: (() => void) | undefined

  async function pump(controller: ReadableStreamDefaultController<Bytes>): Promise<void> {
    let last: Promise<void> = Promise.resolve()
    for (;;) {
      while (travelling >= MAX_TRAVELLING_BYTES || (controller.desiredSize ?? 0) <= 0) {
        await new Promise<void>((resolve) => (wake = resolve))
      }
      const { done, value } = await reader.read()
      if (done) break
      travelling += value.byteLength
      last = connection.arrival(value.byteLength).then(() => {
        travelling -= value.byteLength
        meter.add(value.byteLength)
        controller.enqueue(value)
        wake?.()
      })
      // It is waited for below, or has failed with the connection.
      last.catch(() => undefined)
    }
    await last
    controller.close()
  }

  return new ReadableStream<Bytes>(
    {
      start(controller) {
        const fail = (error: unknown): void => {
          controller.error(error)
          onOver()
        }
        connection.lost.addEventListener('abort', () => {
          fail(connection.lost.reason)
          void reader.cancel().catch(() => undefined)
        })
        void pump(controller).then(onOver, fail)
      },
      pull: () => wake?.(),
      cancel(reason) {
        onOver()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: HELD_BYTES, size: (chunk) => chunk.byteLength },
  )
}
