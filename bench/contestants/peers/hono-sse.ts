import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

import { createCursors } from '../grpc/grpc-setup.ts'
import { host, type Listening } from '../host.ts'
import { END, OPENED } from './peer-module.ts'

/** `streamSSE` with a `writeSSE` per token, on Node. */
await host(({ sourceFor }) => {
  const app = new Hono()
  app.get('/:shape/:stream', (context) =>
    streamSSE(context, async (stream) => {
      const source = sourceFor({ url: new URL(context.req.url).pathname })
      const cursorAt = createCursors()
      const send = (event: string, data: unknown, id: string): Promise<void> =>
        stream.writeSSE({ event, data: JSON.stringify(data), id })
      await send(OPENED.event, OPENED.data, cursorAt(0))
      const tokens = source()
      // A reader that has gone is told of, not thrown.
      stream.onAbort(() => void tokens.return())
      let seq = 0
      for await (const text of tokens) await send('text', { text }, cursorAt(++seq))
      await send(END.event, END.data, cursorAt(++seq))
    }),
  )
  return createAdaptorServer({ fetch: app.fetch }) as Listening
})
