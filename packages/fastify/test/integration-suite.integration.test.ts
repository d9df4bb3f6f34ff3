import type { AddressInfo } from 'node:net'

import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { describeBehindNginx, describeIntegration, type ServedIntegration } from '@sluice/conformance'
import { createSuiteApp } from '@sluice/conformance/integration-app'
import { sluicePlugin } from '@sluice/fastify'
import createFastify from 'fastify'

async function serve(): Promise<ServedIntegration> {
  const { sluice, identify, ask, report } = createSuiteApp()
  const app = createFastify()
  await app.register(compress, { threshold: 0 })
  await app.register(cookie)
  await app.register(session, { secret: 'a secret of at least thirty-two characters', cookie: { secure: false } })
  app.addHook('onRequest', async (_, reply) => void reply.setCookie('a', '1').setCookie('b', '2'))
  await app.register(sluicePlugin, {
    sluice,
    identify: ({ headers }) => identify(headers.authorization),
    runner: (body) => ask(body).source,
    mount: '/v1',
    drainMs: 0,
  })
  app.post('/chat', ({ body }, reply) => {
    const { source, options } = ask(body)
    return reply.tokens(source, options)
  })
  app.get<{ Querystring: { script: string } }>('/chat', ({ query }, reply) => {
    const { source, options } = ask(query.script)
    return reply.tokens(source, options)
  })
  app.get('/suite', ({ url }) => report(url.split('?')[1] ?? ''))
  app.get('/v1/own', () => ({ own: true }))
  app.get('/large', (_, reply) => reply.type('text/plain').send('large '.repeat(12_000)))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, close: () => app.close() }
}

describeIntegration('Fastify, with compress and sessions', { serve })
describeBehindNginx('Fastify', { serve })
