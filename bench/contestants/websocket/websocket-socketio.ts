import { createServer } from 'node:http'

import { Server } from 'socket.io'

import { host } from '../host.ts'

/** socket.io with its defaults, over WebSocket alone: an emit per token. */
await host(({ sourceFor }) => {
  const server = createServer()
  const io = new Server(server, { transports: ['websocket'], serveClient: false })
  io.on('connection', (socket) => {
    socket.on('start', async (url: string) => {
      socket.emit('opened', { url })
      const source = sourceFor({ url })
      for await (const text of source()) socket.emit('text', { text })
      socket.emit('end', { reason: 'stop', complete: true })
    })
  })
  return server
})
