import { attach, type ClientStream, framePressure, paintOn } from '@sluice/client'

import type { Announcer } from './announcer.ts'
import { describeEnd, messageOf, type PaneReader, type ReaderParts } from './reader.ts'
import { watched } from './watched.ts'

/** What the state says while a status lasts. */
const STATES: Readonly<Record<ClientStream['status'], string>> = {
  connecting: 'Connecting …',
  waiting: 'Waiting for the first token …',
  streaming: '',
  resuming: 'Connection lost. It goes on after its last token …',
  ended: '',
}

/** As the client does it: resumed after every break, painted by the frame, and slower where the page is. */
export function readSluice(parts: ReaderParts, announcer: Announcer): PaneReader {
  const { server, url, pane, trail, renderer, reach } = parts
  let resumes = 0
  const stream = attach(
    { url },
    {
      transport: watched(parts.transport, (chars) => trail.arrived(chars)),
      fetch: reach.fetch,
      headers: server.headers,
      wishes: parts.wishes,
      onStatus(status) {
        if (status === 'resuming') resumes++
        if (status !== 'ended') pane.say(status === 'streaming' && resumes > 0 ? RESUMED : STATES[status])
      },
    },
  )
  const press = framePressure()
  const painting = paintOn(
    renderer,
    stream,
    (piece) => {
      pane.add(piece)
      trail.painted(piece.length)
      renderer.painted()
      announcer.add(piece)
    },
    // A page that is quick enough holds nobody back.
    { pressure: (of, lateMs, nowMs) => renderer.isSlow && press(of, lateMs, nowMs) },
  )
  painting.done.then(
    (end) => {
      trail.over(end.complete)
      pane.setBusy(false)
      announcer.finish()
      pane.say(describeEnd(end) + (resumes > 0 && end.complete ? ' Nothing was lost on the way.' : ''), !end.complete)
    },
    (error: unknown) => {
      trail.over(false)
      pane.setBusy(false)
      announcer.finish()
      // Whoever has left it wants to hear no more.
      if (!isStopped) pane.say(messageOf(error), true)
    },
  )
  let isStopped = false
  return {
    stop() {
      isStopped = true
      painting.stop()
    },
  }
}

const RESUMED = 'Resumed after its last token.'
