// A chat on Hono. `curl -N localhost:3000/chat?prompt=hi`, interrupt it, and ask again with the last id as `Last-Event-ID`.
import { setTimeout as sleep } from 'node:timers/promises'

import { serve } from '@hono/node-server'
import { createSluice } from '@sluice/core'
import { sluiceRouter, tokens } from '@sluice/hono'
import { Hono } from 'hono'

const app = new Hono()

// Everybody is one owner here; a real server looks at the session. Streams are below /v1: read, resumed and cancelled there.
app.use(sluiceRouter({ sluice: createSluice(), identify: () => ({ owner: 'everyone' }), mount: '/v1' }))

app.get('/chat', (context) => tokens(context, ({ signal }) => speak(context.req.query('prompt') ?? '', signal)))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`ready at http://127.0.0.1:${port}`),
)

/** Stands in for a model runner. */
async function* speak(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of `You asked: ${prompt} A model would know more. ${'And so on. '.repeat(30)}`.split(/(?<= )/)) {
    await sleep(40, undefined, { signal })
    yield word
  }
}
