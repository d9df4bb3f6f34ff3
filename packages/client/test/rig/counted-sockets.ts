import type { Socket } from 'node:net'

import type { StreamServer } from './stream-server.ts'

/** The WebSockets of a server, which a test may cut. */
export interface CountedSockets {
  /** How many were opened. */
  readonly opened: number
  readonly open: number
  /** Resets all that are open, without a word. */
  cut(): void
}

export function countSockets(server: StreamServer): CountedSockets {
  const sockets = new Set<Socket>()
  let opened = 0
  server.http.prependListener('upgrade', (_request, socket: Socket) => {
    opened++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return {
    get opened() {
      return opened
    },
    get open() {
      return sockets.size
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
  }
}
