import { createServer } from 'node:http2'

import { connectNodeAdapter } from '@connectrpc/connect-node'
import { TokenStreamService } from '@sluice/grpc/v1'

import { createCursors, pathIn } from './grpc-setup.ts'
import { host } from '../host.ts'

/** What one writes with Connect: a generator that yields a message per token. */
await host(({ sourceFor }) =>
  createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(TokenStreamService, {
          async *start({ input }) {
            const source = sourceFor({ url: pathIn(input) })
            const cursorAt = createCursors()
            const opened = { id: cursorAt(0), cursor: cursorAt(0) }
            yield { events: [{ event: { case: 'opened' as const, value: opened } }] }
            let seq = 0
            for await (const value of source())
              yield { events: [{ cursor: cursorAt(++seq), event: { case: 'text' as const, value } }] }
            const end = { reason: 'stop', complete: true }
            yield { events: [{ cursor: cursorAt(++seq), event: { case: 'end' as const, value: end } }] }
          },
        }),
    }),
  ),
)
