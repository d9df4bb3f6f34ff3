import { refusalOf } from '../server/server.ts'
import { describeEnd, messageOf, type PaneReader, type ReaderParts } from './reader.ts'

/** Before it is asked again. */
const AGAIN_MS = 1_000

/** How the body of an answer that is not streamed looks. */
interface WholeAnswer {
  readonly text?: string
  readonly end?: { reason: string; cause?: string; complete: boolean; error?: { message: string } }
}

/**
 * As a page does that does not stream: one request, which joins the stream at `cursor` and is answered when all of it is there. Where it is
 * lost, so is everything: it is asked again.
 */
export function readSync(parts: ReaderParts, cursor: string, body: object): PaneReader {
  const { server, pane, trail, reach, renderer } = parts
  const left = new AbortController()
  const { signal } = left

  async function ask(): Promise<WholeAnswer> {
    // With a cursor a request for an answer joins what there is, and never begins anything.
    const headers = { ...server.headers, 'content-type': 'application/json', 'last-event-id': cursor }
    const response = await reach.fetch(`${server.base}v1/streams`, {
      method: 'POST',
      headers: { ...headers, accept: 'application/json' },
      body: JSON.stringify({ ...body, stream: false }),
      signal,
    })
    if (!response.ok) throw await refusalOf(response)
    return (await response.json()) as WholeAnswer
  }

  async function askUntilThere(): Promise<WholeAnswer> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        if (signal.aborted) throw error
        pane.say('Connection lost, and all of the answer with it: it is asked for again.', true)
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    }
  }

  async function read(): Promise<void> {
    try {
      const { text = '', end } = await askUntilThere()
      trail.arrived(text.length)
      while (renderer.busyMs > 0) await new Promise((resolve) => setTimeout(resolve, renderer.busyMs))
      pane.add(text)
      trail.painted(text.length)
      renderer.painted()
      trail.over(end?.complete === true)
      pane.say(describeEnd(end ?? { reason: 'unknown' }))
    } catch (error) {
      trail.over(false)
      if (!signal.aborted) pane.say(messageOf(error), true)
    }
    pane.setBusy(false)
  }

  void read()
  return { stop: () => left.abort() }
}
