import { createSuiteApp, type SuiteAppOptions } from '@sluice/conformance/integration-app'
import { sluiceRouter, tokens } from '@sluice/hono'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'

/** The application of the suite, behind what Hono applications have installed. */
export function createSuiteServer(options?: SuiteAppOptions): Hono {
  const { sluice, identify, ask, report } = createSuiteApp(options)
  const app = new Hono()
  app.use(compress())
  // It answers every OPTIONS by itself.
  app.use('/chat', cors())
  app.onError((_, context) => context.text('Something went wrong.', 500))
  app.use(async (context, next) => {
    setCookie(context, 'a', '1')
    setCookie(context, 'b', '2')
    // As a validator does, which leaves it to others to refuse what is none.
    if (context.req.header('content-type') === 'application/json') await context.req.json().catch(() => {})
    await next()
  })
  app.use(
    sluiceRouter({
      sluice,
      identify: (context) => identify(context.req.header('authorization')),
      runner: (body) => ask(body).source,
      mount: '/v1',
    }),
  )
  app.post('/chat', async (context) => {
    const { source, options } = ask(await context.req.json())
    return tokens(context, source, options)
  })
  app.get('/chat', (context) => {
    const { source, options } = ask(context.req.query('script'))
    return tokens(context, source, options)
  })
  app.get('/suite', async (context) => context.json(await report(new URL(context.req.url).search)))
  app.get('/v1/own', (context) => context.json({ own: true }))
  app.get('/large', (context) => context.text('large '.repeat(12_000)))
  return app
}
