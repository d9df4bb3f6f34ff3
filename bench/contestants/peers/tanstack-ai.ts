import { randomUUID } from 'node:crypto'

import { createAdaptorServer } from '@hono/node-server'

import { host, type Listening } from '../host.ts'
import { importPeer } from './installed/import-peer.ts'

interface TanStackAi {
  readonly toServerSentEventsResponse: (
    stream: AsyncIterable<object>,
    init?: { durability?: { adapter: object } },
  ) => Response
  readonly memoryStream: (run: { runId: string }) => object
}

const { toServerSentEventsResponse, memoryStream } = await importPeer<TanStackAi>('@tanstack/ai')

/** `toServerSentEventsResponse`, plain, or durable in memory: all at its defaults. */
await host(({ options, sourceFor }) => {
  const answer = (request: Request): Response => {
    const runId = randomUUID()
    const chunks = chunksOf(sourceFor({ url: new URL(request.url).pathname })(), runId)
    if (!options.isDurable) return toServerSentEventsResponse(chunks)
    return toServerSentEventsResponse(chunks, { durability: { adapter: memoryStream({ runId }) } })
  }
  return createAdaptorServer({ fetch: answer }) as Listening
})

async function* chunksOf(tokens: AsyncIterable<string>, runId: string): AsyncGenerator<object> {
  const [threadId, messageId] = ['thread', 'message']
  yield { type: 'RUN_STARTED', runId, threadId, timestamp: Date.now() }
  yield { type: 'TEXT_MESSAGE_START', messageId, role: 'assistant', timestamp: Date.now() }
  for await (const delta of tokens) yield { type: 'TEXT_MESSAGE_CONTENT', messageId, delta, timestamp: Date.now() }
  yield { type: 'TEXT_MESSAGE_END', messageId, timestamp: Date.now() }
  yield { type: 'RUN_FINISHED', runId, threadId, finishReason: 'stop', timestamp: Date.now() }
}
