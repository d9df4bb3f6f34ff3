import { host, serve } from './host.ts'

/** The source and nothing else: what of every contestant's cost is not its own. */
await host(({ sourceFor }) =>
  serve(async (request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.flushHeaders()
    let text = ''
    for await (const token of sourceFor(request)()) text = token
    response.end(text)
  }),
)
