import { randomBytes } from 'node:crypto'

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

import { host } from '../host.ts'

/** Where a server that looks at what is buffered waits: `queueBytes` of sluice, at its default. */
const HIGH_WATER_BYTES = 16 * 1024

/**
 * What one writes with `ws` without thinking twice: a send per token, and no look at what is buffered. With `waits` it looks,
 * and goes on when what it sent last has left.
 */
await host(({ options, sourceFor }) => {
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
          const message = JSON.stringify({ type: 'text', stream, ref: 's', cursor: `${stream}.1.${++seq}`, text })
          if (!options.waits || ws.bufferedAmount < HIGH_WATER_BYTES) ws.send(message)
          else await new Promise<void>((left) => ws.send(message, () => left()))
        }
        const end = { type: 'end', stream, ref: 's', cursor: `${stream}.1.${++seq}`, reason: 'stop', complete: true }
        ws.send(JSON.stringify(end))
      }
    })
  })
  return server
})
