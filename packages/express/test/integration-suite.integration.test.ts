import compression from 'compression'
import { describeBehindNginx, describeIntegration, type ServedIntegration } from '@sluice/conformance'
import { createSuiteApp } from '@sluice/conformance/integration-app'
import express from 'express'
import session from 'express-session'
import helmet from 'helmet'

import { sluiceRouter } from '@sluice/express'
import { listen } from './chat-app.ts'

async function serve(): Promise<ServedIntegration> {
  const { sluice, identify, ask, report } = createSuiteApp()
  const app = express()
  app.use(helmet(), compression({ threshold: 0 }), express.json(), express.text())
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: true, name: 'sid' }))
  app.use((_, response, next) => {
    response.cookie('a', '1').cookie('b', '2')
    next()
  })
  app.use(
    sluiceRouter({
      sluice,
      identify: (request) => identify(request.headers.authorization),
      runner: (body) => ask(body).source,
      mount: '/v1',
    }),
  )
  app.all('/chat', async (request, response) => {
    const { source, options } = ask(request.method === 'POST' ? request.body : request.query.script)
    await response.tokens(source, options)
  })
  app.get('/suite', async ({ url }, response) => void response.json(await report(url.split('?')[1] ?? '')))
  app.get('/v1/own', (_, response) => void response.json({ own: true }))
  app.get('/large', (_, response) => void response.type('text/plain').send('large '.repeat(12_000)))
  const served = await listen(app, sluice)
  return { url: served.url, close: () => served[Symbol.asyncDispose]() as Promise<void> }
}

describeIntegration('Express, with compression, json, text, helmet and sessions', { serve })
describeBehindNginx('Express', { serve })
