import type { Sluice, Source } from '@sluice/core'
import { createSseHeaders, nativeSse } from '@sluice/sse'

const AS = { owner: 'bench' }

/**
 * The chunks that sluice encodes, sent as one sends a web `Response` without its adapters: each is enqueued as it comes, with no
 * look at whether anybody reads. What an integration costs beyond it is its own.
 */
export async function plainResponse(sluice: Sluice, source: Source): Promise<Response> {
  const stream = await sluice.start(source, { as: AS })
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream.deliver(
        {
          write(bytes) {
            controller.enqueue(typeof bytes === 'string' ? encoder.encode(bytes) : bytes)
            return true
          },
          drained: () => Promise.resolve(),
          close: () => controller.close(),
          destroy: () => controller.error(new Error('cut')),
        },
        { wire: nativeSse },
      )
    },
  })
  return new Response(body, {
    headers: createSseHeaders({ streamId: stream.id, contentLocation: `/streams/${stream.id}` }),
  })
}
