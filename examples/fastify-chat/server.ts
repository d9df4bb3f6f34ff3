// A chat page on Fastify. Open it, ask, reload in the middle of the answer: it goes on. Stop, and the source stops.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import fastify from 'fastify'

const page = readFileSync(new URL('chat.html', import.meta.url), 'utf8')
const app = fastify()

// Everybody is one owner here; a real server looks at the session.
app.register(sluicePlugin, { sluice: createSluice(), identify: () => ({ owner: 'everyone' }) })

app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))

// `EventSource` can only GET. When it reconnects it sends a cursor, and the source is not called again.
app.get<{ Querystring: { prompt: string } }>(
  '/chat',
  { schema: { querystring: { type: 'object', required: ['prompt'], properties: { prompt: { type: 'string' } } } } },
  ({ query }, reply) => reply.tokens(({ signal }) => speak(query.prompt, signal)),
)

console.log(`ready at ${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}`)

/** Stands in for a model runner. */
async function* speak(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  const answer = `You asked: ${prompt}. A model would know more. This one only counts, so that there is something to read: `
  const numbers = Array.from({ length: 1_000 }, (_, index) => `${index + 1} `)
  for (const word of [...answer.split(/(?<= )/), ...numbers]) {
    await sleep(40, undefined, { signal })
    yield word
  }
}
