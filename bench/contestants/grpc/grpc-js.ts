import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

import { createCursors, pathIn } from './grpc-setup.ts'
import { host, type Listening } from '../host.ts'

/** What a `Struct` is to proto-loader. */
interface StartRequest {
  input: { fields: Record<string, { stringValue: string }> }
}

/** What one writes with grpc-js: a message per token, and a wait where `write` asks for one. */
await host(({ sourceFor }): Listening => {
  const includeDirs = [fileURLToPath(new URL('../../../packages/grpc/proto', import.meta.url))]
  const definition = loadPackageDefinition(loadSync('sluice/v1/token_stream.proto', { includeDirs, longs: Number }))
  const { TokenStreamService } = (definition['sluice'] as { v1: Record<string, ServiceClientConstructor> }).v1
  const server = new Server()
  const start = async (call: ServerWritableStream<StartRequest, object>): Promise<void> => {
    const { fields } = call.request.input
    const source = sourceFor({ url: pathIn({ path: fields['path']?.stringValue }) })
    const cursorAt = createCursors()
    call.write({ events: [{ opened: { id: cursorAt(0), cursor: cursorAt(0) } }] })
    let seq = 0
    for await (const text of source()) {
      if (!call.write({ events: [{ cursor: cursorAt(++seq), text }] })) await once(call, 'drain')
    }
    call.write({ events: [{ cursor: cursorAt(++seq), end: { reason: 'stop', complete: true } }] })
    call.end()
  }
  const Start = (call: ServerWritableStream<StartRequest, object>): void => void start(call)
  server.addService(TokenStreamService!.service, { Start })
  let port = 0
  return {
    listen({ host: address }, listening) {
      server.bindAsync(`${address}:0`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) throw error
        port = bound
        listening()
      })
    },
    address: (): AddressInfo => ({ port, address: '', family: '' }),
  }
})
