import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createSluice, type Sluice } from '@sluice/core'
import { createGrpcHandler } from '@sluice/grpc'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { identify, saying } from '../rig/rig.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const TOKENS = ['Hello', ' wörld', ' 👩🏽‍🚀', '!']

/** Where the page finds what is imported by name: the very files that are installed, no bundler between. */
const IMPORTS = {
  '@sluice/grpc/v1': '/src/gen/sluice/v1/token_stream_pb.ts',
  '@bufbuild/protobuf': '/node_modules/@bufbuild/protobuf/dist/esm/index.js',
  '@bufbuild/protobuf/codegenv2': '/node_modules/@bufbuild/protobuf/dist/esm/codegenv2/index.js',
  '@bufbuild/protobuf/reflect': '/node_modules/@bufbuild/protobuf/dist/esm/reflect/index.js',
  '@bufbuild/protobuf/wire': '/node_modules/@bufbuild/protobuf/dist/esm/wire/index.js',
  '@bufbuild/protobuf/wkt': '/node_modules/@bufbuild/protobuf/dist/esm/wkt/index.js',
  '@connectrpc/connect': '/node_modules/@connectrpc/connect/dist/esm/index.js',
  '@connectrpc/connect/protocol': '/node_modules/@connectrpc/connect/dist/esm/protocol/index.js',
  '@connectrpc/connect/protocol-connect': '/node_modules/@connectrpc/connect/dist/esm/protocol-connect/index.js',
  '@connectrpc/connect/protocol-grpc': '/node_modules/@connectrpc/connect/dist/esm/protocol-grpc/index.js',
  '@connectrpc/connect/protocol-grpc-web': '/node_modules/@connectrpc/connect/dist/esm/protocol-grpc-web/index.js',
  '@connectrpc/connect-web': '/node_modules/@connectrpc/connect-web/dist/esm/index.js',
}

const PAGE = `<!doctype html><title>chat</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  import { createClient } from '@connectrpc/connect'
  import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web'
  import { TokenStreamService } from '@sluice/grpc/v1'
  const transports = {
    connect: createConnectTransport({ baseUrl: location.origin }),
    binary: createConnectTransport({ baseUrl: location.origin, useBinaryFormat: true }),
    web: createGrpcWebTransport({ baseUrl: location.origin }),
  }
  async function read(responses) {
    const seen = { text: '', kinds: [], cursor: '', code: 0 }
    try {
      for await (const { events } of responses)
        for (const { cursor, event } of events) {
          seen.kinds.push(event.case)
          if (event.case === 'text') seen.text += event.value
          if (cursor !== '') seen.cursor = cursor
        }
    } catch (error) { seen.code = error.code }
    return seen
  }
  window.run = async (name) => {
    const client = createClient(TokenStreamService, transports[name])
    const whole = await read(client.start({ input: { prompt: 'hi' } }))
    const value = whole.cursor.replace(/\\d+$/, '2')
    const rest = await read(client.attach({ ref: { ref: { case: 'cursor', value } } }))
    const unknown = await read(client.attach({ ref: { ref: { case: 'id', value: 'nobody' } } }))
    return { whole, rest, unknown }
  }
  window.ready = true
</script>`

let sluice: Sluice
let site: Server
let browser: Browser

beforeAll(async () => {
  sluice = createSluice()
  const grpc = createGrpcHandler({ sluice, identify, run: () => saying(...TOKENS) })
  site = createServer((request, response) => {
    const url = request.url ?? ''
    if (grpc.owns(url)) return grpc(request, response)
    if (url === '/') return void response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE)
    module(url).then(
      (code) => response.setHeader('content-type', 'text/javascript; charset=utf-8').end(code),
      () => response.writeHead(404).end(),
    )
  })
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  })
})
afterAll(async () => {
  await browser?.close()
  site?.closeAllConnections()
  site?.close()
})

async function module(url: string): Promise<string> {
  const file = join(PACKAGE, url)
  if (!file.startsWith(PACKAGE + (PACKAGE.endsWith(sep) ? '' : sep))) throw new Error(`${url} is outside`)
  const code = await readFile(file, 'utf8')
  return file.endsWith('.ts') ? stripTypeScriptTypes(code) : code
}

describe.each(['connect', 'binary', 'web'])('connect-web in a browser: %s', (transport) => {
  test('contract 1: starts, reads and resumes a stream', async () => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
    await page.waitForFunction('window.ready')
    const { whole, rest, unknown } = await page.evaluate<{ [name: string]: object }>(`window.run('${transport}')`)
    expect(whole).toMatchObject({ text: TOKENS.join(''), code: 0 })
    expect(rest).toMatchObject({ text: TOKENS.slice(2).join(''), code: 0 })
    expect(unknown).toMatchObject({ text: '', code: 5 })
    await page.close()
  })
})
