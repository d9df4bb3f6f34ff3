import { createServer } from 'node:http2'

import { createSluice } from '@sluice/core'
import { createGrpcHandler } from '@sluice/grpc'

import { pathIn } from './grpc-setup.ts'
import { host } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'

/** Sluice over gRPC: memory store, everything at its default but the limits. */
await host(({ options, sourceFor }) => {
  const sluice = createSluice({
    limits: NO_LIMITS,
    reader: { chunking: chunkingOf(options) },
    stream: { onDisconnect: options.onDisconnect },
  })
  const run = (input: { readonly [name: string]: unknown }) => sourceFor({ url: pathIn(input) })
  return createServer(createGrpcHandler({ sluice, identify: () => ({ owner: 'bench' }), run }))
})
