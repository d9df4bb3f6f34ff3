import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'

import { answerParent } from '../process/child.ts'

/** What one writes without thinking twice: the answer of the backend whose port it is given, piped. */
const port = Number(process.argv[2])

const server = createServer((request, response) => {
  const { method, url, headers } = request
  const forwarded = ask({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    // The head would wait for the first token.
    response.flushHeaders()
    answer.pipe(response)
  })
  forwarded.on('error', () => response.destroy())
  response.on('close', () => forwarded.destroy())
  request.pipe(forwarded)
})

answerParent({
  async listen(): Promise<{ port: number }> {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return { port: (server.address() as AddressInfo).port }
  },
})
