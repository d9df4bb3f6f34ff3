import { UiParts } from '@sluice/wires/ai-sdk'
import type { UIMessageChunk } from 'ai'

import type { ClientStream } from '../stream/client-stream.ts'

/** A stream as the chunks of a UI message. Nothing is read ahead of who reads them; an aborted signal cancels the stream. */
export function chunksOf(stream: ClientStream, signal: AbortSignal | undefined): ReadableStream<UIMessageChunk> {
  const parts = new UiParts()
  const events = stream[Symbol.asyncIterator]()
  let begun = false
  let stopping: Promise<unknown> | undefined
  // The reader of an aborted request has left: nobody waits for the answer.
  const stop = (): void => void (stopping = stream.cancel().catch(() => undefined))
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })

  async function next(): Promise<UIMessageChunk[] | undefined> {
    const { done, value: event } = await events.next()
    if (done) return undefined
    const chunks = event.type === 'skipped' ? [] : parts.take(event)
    if (begun) return chunks as UIMessageChunk[]
    begun = true
    // A cursor begins with the stream's id.
    const messageId = `msg_${stream.cursor?.split('.')[0] ?? ''}`
    return [{ type: 'start', messageId }, { type: 'start-step' }, ...(chunks as UIMessageChunk[])]
  }

  return new ReadableStream<UIMessageChunk>({
    async pull(controller) {
      try {
        // An event may say nothing of the message: a pull that gave nothing is not asked again.
        for (let chunks = await next(); ; chunks = await next()) {
          if (!chunks) return controller.close()
          for (const chunk of chunks) controller.enqueue(chunk)
          if (chunks.length > 0) return
        }
      } catch (error) {
        controller.error(error)
      }
    },
    cancel() {
      // Before it is known which stream it is, it cannot be stopped: it is left once it is.
      if (stopping) void stopping.then(() => stream.detach())
      else stream.detach()
    },
  })
}
