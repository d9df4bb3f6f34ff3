import { createAdaptorServer } from '@hono/node-server'
import { createUIMessageStream, createUIMessageStreamResponse } from 'ai'

import { host, type Listening } from '../host.ts'

/** A stream that is written to, a part per token, as its README has it; its response on Node as Hono has it. */
await host(({ sourceFor }) => {
  const answer = (request: Request): Response => {
    const source = sourceFor({ url: new URL(request.url).pathname })
    const stream = createUIMessageStream({
      async execute({ writer }) {
        writer.write({ type: 'text-start', id: '0' })
        for await (const delta of source()) writer.write({ type: 'text-delta', id: '0', delta })
        writer.write({ type: 'text-end', id: '0' })
      },
    })
    return createUIMessageStreamResponse({ stream })
  }
  return createAdaptorServer({ fetch: answer }) as Listening
})
