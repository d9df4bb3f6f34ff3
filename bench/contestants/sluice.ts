import { type StreamOptions, type TokenStream, createSluice } from '@sluice/core'
import { createSseHeaders, nativeSse } from '@sluice/sse'
import { sendToResponse } from '@sluice/sse/node'
import { uiMessageStream } from '@sluice/wires/ai-sdk'

import { host, serve } from './host.ts'
import { chunkingOf, NO_LIMITS } from './sluice-setup.ts'

const AS = { owner: 'bench' }

/** Sluice on a plain node:http server: memory store, native wire or the AI SDK's, everything at its default but the limits. */
await host(({ options, sourceFor }) => {
  const wire = options.uiMessages ? uiMessageStream : nativeSse
  const sluice = createSluice({
    limits: NO_LIMITS,
    reader: { chunking: chunkingOf(options), heartbeatMs: options.heartbeatMs },
    stream: { onDisconnect: options.onDisconnect } satisfies StreamOptions,
  })
  return serve(async (request, response) => {
    const cursor = request.headers['last-event-id']
    const resumed = typeof cursor === 'string'
    const stream: TokenStream = resumed
      ? await sluice.attach({ cursor }, { as: AS })
      : await sluice.start(sourceFor(request), { as: AS })
    await sendToResponse(response, {
      status: 200,
      headers: createSseHeaders({ streamId: stream.id, contentLocation: `/streams/${stream.id}` }),
      deliver: (sink) => stream.deliver(sink, { wire, continues: resumed }),
    })
  })
})
