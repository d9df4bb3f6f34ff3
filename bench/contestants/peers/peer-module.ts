import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'

/** A server whose answers may fail: where a reader has gone, some libraries throw. */
export function serveLeaving(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
  return createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
}

/** The events that everybody who speaks plain SSE sends: those of sluice's own wire, with cursors as long. */
export const OPENED = { event: 'opened', data: { meta: {} } } as const
export const END = { event: 'end', data: { reason: 'stop', complete: true } } as const
