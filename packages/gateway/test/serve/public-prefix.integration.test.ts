import { createServer, request as ask, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { startGateway } from '../../src/serve/gateway.ts'

const PREFIX = '/apps/sluice'

/** A proxy that serves what is below the prefix, without it. */
async function serveBelow(target: string, headers: Record<string, string>): Promise<{ server: Server; url: string }> {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${PREFIX}/`)) return void outgoing.writeHead(404).end()
    const url = target + incoming.url.slice(PREFIX.length)
    const passed = ask(url, { method: incoming.method, headers: { ...incoming.headers, ...headers } }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test.each<[string, string[], Record<string, string>]>([
  ['--public-prefix', [`--public-prefix=${PREFIX}`], {}],
  ['the proxy', [], { 'x-forwarded-prefix': PREFIX }],
])('behind a proxy that strips a path, clients are led where they can go: as %s says', async (_, flags, headers) => {
  const gateway = await startGateway(parseGatewayOptions(['--port=0', '--log=quiet', ...flags], {}))
  const proxy = await serveBelow(gateway.url, headers)
  const body = { messages: [{ role: 'user', content: 'hi' }], sluice_demo: { interTokenMs: 0, ttftMs: 0, tokens: 3 } }
  const post = (path: string, more: object): Promise<Response> =>
    fetch(proxy.url + PREFIX + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, ...more }),
    })
  for (const [path, more, header] of [
    ['/v1/streams', { background: true, sluice: { key: 'k' } }, 'location'],
    ['/v1/streams', { stream: false }, 'content-location'],
    ['/v1/chat/completions', { stream: true }, 'content-location'],
  ] as const) {
    const answer = await post(path, more)
    await answer.text()
    const read = await fetch(new URL(answer.headers.get(header)!, proxy.url), {
      headers: { accept: 'application/json' },
    })
    expect([path, read.status]).toEqual([path, 200])
    await read.text()
  }
  proxy.server.closeAllConnections()
  proxy.server.close()
  await gateway.close()
})
