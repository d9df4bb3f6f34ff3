import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as proxy from '@sluice/testing/proxy'
import { expect, test, vi } from 'vitest'

test('exports these names and no others', () => {
  expect(Object.keys(proxy).toSorted()).toEqual(['freePort', 'startNginx', 'untilProxyListens'])
})

test('nginx stands before a server, is gone when it is disposed of, and says why it does not start', async () => {
  const server = createServer(({ url }, response) => response.end(`it was ${url}`)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const nginx = await proxy.startNginx(port, ['add_header x-location own;'])
  const answer = await fetch(`${nginx.url}/path`)
  expect([answer.headers.get('x-location'), await answer.text()]).toEqual(['own', 'it was /path'])
  await nginx[Symbol.asyncDispose]()
  await expect(fetch(nginx.url)).rejects.toThrow('fetch failed')
  await expect(proxy.startNginx(port, ['nonsense;'])).rejects.toThrow('unknown directive "nonsense"')
  vi.stubEnv('NGINX_PATH', '/nowhere/nginx')
  await expect(proxy.startNginx(port)).rejects.toThrow('/nowhere/nginx')
  vi.unstubAllEnvs()
  server.close()
})
