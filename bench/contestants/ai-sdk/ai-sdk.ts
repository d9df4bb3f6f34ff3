import { once } from 'node:events'

import { createUIMessageStreamResponse, type UIMessageChunk } from 'ai'

import type { Tokens } from '../../traffic/source.ts'
import { host, serve } from '../host.ts'

/**
 * The AI SDK's own response on a plain node:http server: `createUIMessageStreamResponse` of the same deltas, its body written as
 * the AI SDK writes one to a Node response. Nothing is kept of it: no resume, no stop, no second reader.
 */
await host(({ sourceFor }) =>
  serve(async (request, response) => {
    const { status, headers, body } = createUIMessageStreamResponse({ stream: toChunks(sourceFor(request)()) })
    response.writeHead(status, Object.fromEntries(headers))
    // Rows wait for the head of each answer before they open the gate.
    response.flushHeaders()
    for await (const bytes of body!) if (!response.write(bytes)) await once(response, 'drain')
    response.end()
  }),
)

const BEFORE: UIMessageChunk[] = [
  { type: 'start', messageId: 'msg_1' },
  { type: 'start-step' },
  { type: 'text-start', id: 't0' },
]
const AFTER: UIMessageChunk[] = [
  { type: 'text-end', id: 't0' },
  { type: 'finish-step' },
  { type: 'finish', finishReason: 'stop' },
]

function toChunks(tokens: Tokens): ReadableStream<UIMessageChunk> {
  return new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of BEFORE) controller.enqueue(chunk)
    },
    async pull(controller) {
      const { done, value } = await tokens.next()
      if (!done) return controller.enqueue({ type: 'text-delta', id: 't0', delta: value })
      for (const chunk of AFTER) controller.enqueue(chunk)
      return controller.close()
    },
    async cancel() {
      await tokens.return()
    },
  })
}
