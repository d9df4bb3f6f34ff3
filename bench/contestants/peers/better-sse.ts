import type { IncomingMessage, ServerResponse } from 'node:http'

import { createCursors } from '../grpc/grpc-setup.ts'
import { host } from '../host.ts'
import { importPeer } from './installed/import-peer.ts'
import { END, OPENED, serveLeaving } from './peer-module.ts'

interface BetterSse {
  readonly createSession: (request: IncomingMessage, response: ServerResponse) => Promise<Session>
}

interface Session {
  push(data: unknown, eventName: string, eventId?: string): unknown
}

const { createSession } = await importPeer<BetterSse>('better-sse')

/** A session as its README has it, and a push per token. */
await host(({ sourceFor }) =>
  serveLeaving(async (request, response) => {
    const source = sourceFor(request)
    const cursorAt = createCursors()
    const session = await createSession(request, response)
    session.push(OPENED.data, OPENED.event, cursorAt(0))
    let seq = 0
    for await (const text of source()) session.push({ text }, 'text', cursorAt(++seq))
    session.push(END.data, END.event, cursorAt(++seq))
    response.end()
  }),
)
