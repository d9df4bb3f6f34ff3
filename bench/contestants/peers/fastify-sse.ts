import createFastify, { type FastifyPluginAsync, type FastifyReply, type RouteShorthandOptions } from 'fastify'

import { createCursors } from '../grpc/grpc-setup.ts'
import { host } from '../host.ts'
import { importPeer } from './installed/import-peer.ts'
import { END, OPENED } from './peer-module.ts'

interface Message {
  id?: string
  event: string
  data: unknown
}

/** What the plugin gives a reply. */
type WithSse = FastifyReply & { sse: { send(messages: AsyncIterable<Message>): Promise<void> } }

const WITH_SSE: RouteShorthandOptions & { sse: boolean } = { sse: true }

const { default: plugin } = await importPeer<{ default: FastifyPluginAsync }>('@fastify/sse')

/** `reply.sse.send` with an iterable, as its README has it. */
await host(async ({ sourceFor }) => {
  const app = createFastify()
  await app.register(plugin)
  app.get('/:shape/:stream', WITH_SSE, async (request, reply) => {
    await (reply as WithSse).sse.send(messagesOf(sourceFor(request.raw)()))
  })
  await app.ready()
  return app.server
})

async function* messagesOf(tokens: AsyncIterable<string>): AsyncGenerator<Message> {
  const cursorAt = createCursors()
  yield { id: cursorAt(0), ...OPENED }
  let seq = 0
  for await (const text of tokens) yield { id: cursorAt(++seq), event: 'text', data: { text } }
  yield { id: cursorAt(++seq), ...END }
}
