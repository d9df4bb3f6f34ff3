import { randomBytes } from 'node:crypto'

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

import { host } from '../host.ts'

/** What one writes with `ws` without thinking twice: a send per token, and no look at what is buffered. */
await host(({ sourceFor }) => {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      void answer()
      async function answer(): Promise<void> {
        const stream = randomBytes(13).toString('hex')
        ws.send(JSON.stringify({ type: 'opened', stream, ref: 's', cursor: `${stream}.1.0`, meta: {} }))
        let seq = 0
        const source = sourceFor(request)
        for await (const text of source()) {
          ws.send(JSON.stringify({ type: 'text', stream, ref: 's', cursor: `${stream}.1.${++seq}`, text }))
        }
        const end = { type: 'end', stream, ref: 's', cursor: `${stream}.1.${++seq}`, reason: 'stop', complete: true }
        ws.send(JSON.stringify(end))
      }
    })
  })
  return server
})
