import { randomUUID } from 'node:crypto'

import { Redis } from 'ioredis'
import { createResumableStreamContext } from 'resumable-stream/ioredis'

import { createCursors } from '../grpc/grpc-setup.ts'
import { host } from '../host.ts'
import { END, OPENED, serveLeaving } from './peer-module.ts'

/** `createNewResumableStream` on Redis, as its README has it: strings of SSE, written as they come. */
await host(({ options, sourceFor }) => {
  const [publisher, subscriber] = [new Redis(options.redisUrl!), new Redis(options.redisUrl!)]
  const context = createResumableStreamContext({ waitUntil: null, publisher, subscriber })
  return serveLeaving(async (request, response) => {
    const source = sourceFor(request)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    const make = (): ReadableStream<string> => ReadableStream.from(eventsOf(source()))
    const stream = await context.createNewResumableStream(randomUUID(), make)
    for await (const events of stream!) response.write(events)
    response.end()
  })
})

async function* eventsOf(tokens: AsyncIterable<string>): AsyncGenerator<string> {
  const cursorAt = createCursors()
  const eventOf = (event: string, data: unknown, seq: number): string =>
    `id: ${cursorAt(seq)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  yield eventOf(OPENED.event, OPENED.data, 0)
  let seq = 0
  for await (const text of tokens) yield eventOf('text', { text }, ++seq)
  yield eventOf(END.event, END.data, ++seq)
}
