import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import type { Tokens } from '../../traffic/source.ts'
import { host } from '../host.ts'
import { importPeer } from './installed/import-peer.ts'

interface DurableStreams {
  DurableStreamTestServer: new (options: { port: number; compression: boolean }) => {
    readonly store: Store
    readonly server: Server
    start(): Promise<string>
  }
}

interface Store {
  create(path: string, options: { contentType: string }): unknown
  append(path: string, data: Uint8Array): unknown
  closeStream(path: string): unknown
  delete(path: string): unknown
}

const { DurableStreamTestServer } = await importPeer<DurableStreams>('@durable-streams/server')

/**
 * The reference server, in memory, uncompressed: each request has a stream of its own, appended to in the same process, and is
 * answered as a reader of it over SSE.
 */
await host(async ({ sourceFor }) => {
  const durable = new DurableStreamTestServer({ port: 0, compression: false })
  await durable.start()
  let requests = 0
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = `/bench/${++requests}`
    durable.store.create(path, { contentType: 'application/json' })
    // It is there for whoever comes back, so it outlives its reader; a bench has no use for it once both are through.
    const over = Promise.all([append(durable.store, path, sourceFor(request)()), once(response, 'close')])
    void over.then(() => durable.store.delete(path))
    request.url = `${path}?offset=-1&live=sse`
    durable.server.emit('request', request, response)
  })
})

async function append(store: Store, path: string, tokens: Tokens): Promise<void> {
  const encoder = new TextEncoder()
  for await (const text of tokens) store.append(path, encoder.encode(JSON.stringify({ text })))
  store.closeStream(path)
}
