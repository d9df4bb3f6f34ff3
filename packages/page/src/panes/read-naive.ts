import { attach } from '@sluice/client'

import { describeEnd, messageOf, type PaneReader, type ReaderParts } from './reader.ts'
import { textOf, watched } from './watched.ts'

/**
 * As a page does that knows no better: a token a chunk, each painted at once and alone. What is lost with the connection is lost.
 */
export function readNaive(parts: ReaderParts): PaneReader {
  const { server, url, pane, trail, renderer, reach } = parts
  let isLost = false
  const stream = attach(
    { url },
    {
      transport: watched(parts.transport, (chars) => trail.arrived(chars)),
      fetch: reach.fetch,
      headers: server.headers,
      wishes: { maxTokens: 1 },
      onStatus(status) {
        if (status !== 'resuming') return
        isLost = true
        stream.detach()
      },
    },
  )

  async function paint(text: string): Promise<void> {
    // One after the other, however many wait.
    while (renderer.busyMs > 0) await new Promise((resolve) => setTimeout(resolve, renderer.busyMs))
    pane.add(text)
    trail.painted(text.length)
    renderer.painted()
  }

  async function read(): Promise<void> {
    let painting: Promise<void> = Promise.resolve()
    let failure: unknown
    try {
      for await (const event of stream) {
        const text = textOf(event)
        if (text === '') continue
        if (renderer.isSlow || renderer.busyMs > 0) painting = painting.then(() => paint(text))
        else await paint(text)
      }
    } catch (error) {
      failure = error
    }
    await painting
    const { end } = stream
    trail.over(end?.complete === true)
    pane.setBusy(false)
    if (end) pane.say(describeEnd(end), !end.complete)
    else if (isLost) pane.say('Connection lost: the text stops here. This page does not know where to go on.', true)
    else if (failure) pane.say(messageOf(failure), true)
  }

  void read()
  return { stop: () => stream.detach() }
}
