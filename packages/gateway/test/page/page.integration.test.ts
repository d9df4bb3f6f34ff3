import { request } from 'node:http'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { readPageFiles } from '../../src/page/page-files.ts'
import { parseGatewayOptions } from '../../src/options/options.ts'
import { type RunningGateway, startGateway } from '../../src/serve/gateway.ts'

const MAX_GZIP_BYTES = 120 * 1_024

const start = (...flags: string[]): Promise<RunningGateway> =>
  startGateway(parseGatewayOptions(['--port=0', '--log=quiet', ...flags], {}))

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await start()
})
afterAll(() => gateway?.close())

/** What the document loads, as it names it. */
async function namesIn(url: string): Promise<string[]> {
  const html = await (await fetch(`${url}/`)).text()
  return [...html.matchAll(/(?:src|href|content)="(\.\/page\/[^"]+)"/g)].map(([, name]) => name!)
}

test('the page and all it loads are served beside each other, by relative names, for ever where the name says what is in it', async () => {
  const response = await fetch(`${gateway.url}/`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  const names = await namesIn(gateway.url)
  expect(names.map((name) => name.replace(/-[0-9a-f]{10}\./, '.')).toSorted()).toEqual(
    ['./page/app.js', './page/icon.svg', './page/page.css', './page/policies.js'].toSorted(),
  )
  for (const name of names) {
    const asset = await fetch(new URL(name, `${gateway.url}/`))
    expect([name, asset.status, asset.headers.get('cache-control')]).toEqual([
      name,
      200,
      'public, max-age=31536000, immutable',
    ])
    expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await asset.text()).length).toBeGreaterThan(100)
  }
})

test('the policy allows nothing inline and nothing from elsewhere; the worker alone makes code of text, and reaches nothing', async () => {
  const response = await fetch(`${gateway.url}/`)
  const policy = response.headers.get('content-security-policy')!
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toMatch(/unsafe|https?:|\*|data:|blob:/)
  const html = await response.text()
  expect(html).not.toMatch(/<style|style="| on\w+="|<script(?![^>]*src=)/)
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  for (const name of await namesIn(gateway.url)) {
    const own = (await fetch(new URL(name, `${gateway.url}/`))).headers.get('content-security-policy')
    expect(own).toBe(name.includes('policies-') ? "default-src 'none'; script-src 'unsafe-eval'" : policy)
  }
})

test('all of it together is at most 120 KiB compressed, and clients that take gzip are given that', async () => {
  const files = [...readPageFiles()!.values()]
  const bytes = files.reduce((sum, file) => sum + file.gzipped().length, 0)
  process.stdout.write(`the page, compressed: ${(bytes / 1_024).toFixed(1)} KiB (at most 120)\n`)
  expect(files.length).toBe(6)
  expect(bytes).toBeGreaterThan(40 * 1_024)
  expect(bytes).toBeLessThanOrEqual(MAX_GZIP_BYTES)
  const ask = (accepted: string): Promise<[string | undefined, string | undefined]> =>
    new Promise((resolve, reject) => {
      request(`${gateway.url}/`, { headers: { 'accept-encoding': accepted } }, (response) => {
        response.resume()
        resolve([response.headers['content-encoding'], response.headers['content-length']])
      })
        .on('error', reject)
        .end()
    })
  const index = readPageFiles()!.get('index.html')!
  expect(await ask('br, gzip;q=0.8')).toEqual(['gzip', String(gzipSync(index.plain, { level: 9 }).length)])
  for (const none of ['gzip;q=0', 'br', 'identity'])
    expect(await ask(none)).toEqual([undefined, String(index.plain.length)])
})

test('HEAD has the head of a GET; what is kept is not sent again; what is not there is a 404', async () => {
  const get = await fetch(`${gateway.url}/`)
  const head = await fetch(`${gateway.url}/`, { method: 'HEAD' })
  const told = ({ headers }: Response): unknown =>
    Object.fromEntries([...headers].filter(([name]) => !['date', 'keep-alive', 'connection'].includes(name)))
  expect(head.status).toBe(200)
  expect(told(head)).toEqual(told(get))
  const kept = await fetch(`${gateway.url}/`, { headers: { 'if-none-match': get.headers.get('etag')! } })
  expect([kept.status, await kept.text()]).toEqual([304, ''])
  for (const path of ['/page/none.js', '/page/index.html', '/page/..%2findex.html', '/page/', '/index.html']) {
    const response = await fetch(gateway.url + path)
    expect([path, response.status]).toEqual([path, 404])
    await response.text()
  }
  expect((await fetch(`${gateway.url}/`, { method: 'POST' })).status).toBe(404)
})

test('the page stands behind the same door as all else: another name is not answered', async () => {
  const { port } = new URL(gateway.url)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/', headers: { host: 'elsewhere.example' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
})

describe('whether there is a page', () => {
  const everywhere = ['--host', '0.0.0.0', '--auth', 'bearer']
  test.each<[string[], number]>([
    [[], 200],
    [['--no-page'], 404],
    [['--page', '--no-page'], 404],
    [everywhere, 404],
    [[...everywhere, '--page'], 200],
    [['--host', '127.0.0.1', '--auth', 'bearer'], 200],
  ])('with %j the answer is %i', async (flags, status) => {
    const other = await start(...flags)
    const url = other.url.replace('0.0.0.0', '127.0.0.1')
    const response = await fetch(`${url}/`)
    expect(response.status).toBe(status)
    expect((await fetch(`${url}/page/none.js`)).status).toBe(404)
    await response.text()
    await other.close()
  })
})
