import type { Source } from '@sluice/core'

import { createDemoRunner } from '../demo-runner/demo-runner.ts'
import type { RunningGateway } from '../serve/gateway.ts'
import { demand } from './demand.ts'
import { readPieces } from './reading.ts'
import type { Screen } from './screen.ts'
import { TOUR_OWNER } from './tour-owner.ts'

/** What a cancel did take. */
export interface CancelFigures {
  /** From sending the request to the abort of the source's signal. */
  readonly abortMs: number
  /** From sending the request to its answer. */
  readonly answerMs: number
}

const CANCEL_AFTER_TOKENS = 40

/** Cancels an answer over HTTP while it is being read, and takes the time until its source is told to stop. */
export async function cancelAtOnce({ sluice, url }: RunningGateway, screen: Screen): Promise<CancelFigures> {
  let abortedAtMs = Number.NaN
  const stream = await sluice.start(
    speakUntil(() => (abortedAtMs = performance.now())),
    { as: TOUR_OWNER },
  )
  const pieces = readPieces(await fetch(`${url}/v1/streams/${stream.id}`))
  let sentAtMs = Number.NaN
  let answered: Promise<unknown> | undefined
  let answeredAtMs = Number.NaN
  let tokens = 0
  let last = ''
  for await (const { event, text, tokens: count } of pieces) {
    last = event
    if (event === 'text') screen.write(text)
    tokens += count
    if (answered || tokens < CANCEL_AFTER_TOKENS) continue
    sentAtMs = performance.now()
    answered = fetch(`${url}/v1/streams/${stream.id}/cancel`, { method: 'POST' }).then((response) => {
      answeredAtMs = performance.now()
      return response.arrayBuffer()
    })
  }
  await answered
  const { reason, complete, usage } = await stream.ended
  screen.line()
  screen.line()
  screen.line(`POST /v1/streams/${stream.id}/cancel`)
  screen.line(
    `The reader's last event is "${last}": reason ${reason}, complete ${complete}, ${usage?.outputTokens} tokens used.`,
  )
  demand(last === 'end' && reason === 'cancelled' && !complete, 'the answer was not cancelled')
  demand(abortedAtMs >= sentAtMs, "the source's signal did not abort")
  const figures = { abortMs: abortedAtMs - sentAtMs, answerMs: answeredAtMs - sentAtMs }
  screen.line(`The source's signal aborted ${figures.abortMs.toFixed(1)} ms after the request was sent.`)
  return figures
}

/** The demo runner, with an ear on its signal. */
function speakUntil(onAbort: () => void): Source {
  const source = createDemoRunner().chat({
    messages: [{ role: 'user', content: 'Tell me a story' }],
    sluice_demo: { text: 'en', ttftMs: 100, interTokenMs: 10 },
  })
  return (context) => {
    context.signal.addEventListener('abort', onAbort, { once: true })
    return source(context)
  }
}
