import type { Sink } from '@sluice/core/extend'
import { BODY_HEADERS, type DeliveryPlan } from '@sluice/http'

const QUEUE_BYTES = 128 * 1024

/** An answer of bytes that come in pieces; none is asked for before there is room for it. One that cannot be read to its end is cut. */
export function contentPlan(
  pieces: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): DeliveryPlan {
  return {
    status: 200,
    headers: { ...BODY_HEADERS, ...headers },
    queueBytes: QUEUE_BYTES,
    deliver(sink) {
      const reading = { isOver: false }
      void send(pieces, sink, reading)
      return { lost: () => void (reading.isOver = true) }
    },
  }
}

async function send(
  pieces: AsyncIterable<Uint8Array>,
  sink: Sink,
  reading: { readonly isOver: boolean },
): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (reading.isOver) return
      if (!sink.write(piece)) await sink.drained()
    }
    sink.close()
  } catch {
    // It must not look complete.
    sink.destroy()
  }
}

/** A name as a header can have it. */
export function dispositionOf(filename: string): string {
  const plain = filename.replace(/[^\w .-]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename).replace(/['()*]/g, escape)}`
}
