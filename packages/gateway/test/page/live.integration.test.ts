import { afterAll, beforeAll, expect, test } from 'vitest'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { type RunningGateway, startGateway } from '../../src/serve/gateway.ts'

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway(parseGatewayOptions(['--port=0', '--log=quiet', '--auth=bearer', '--drain-ms=0'], {}))
})
afterAll(() => gateway?.close())

interface Live {
  streams: { id: string; status: string; readers: number; end?: { reason: string }; events: number }[]
  more: boolean
  figures: {
    started: number
    running: number
    ended: Record<string, number>
    histograms: Record<string, { count: number }>
  }
  store: { health: string; bytes?: number }
}

const headersOf = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
})

async function live(key: string, query = ''): Promise<Live> {
  return (await (await fetch(`${gateway.url}/v1/live${query}`, { headers: headersOf(key) })).json()) as Live
}

/** Starts a stream in the background, and gives its id. */
async function start(key: string, demo: object): Promise<string> {
  const body = JSON.stringify({ background: true, messages: [{ role: 'user', content: 'hi' }], sluice_demo: demo })
  const response = await fetch(`${gateway.url}/v1/streams`, { method: 'POST', headers: headersOf(key), body })
  return ((await response.json()) as { id: string }).id
}

test('contract 12: an owner is listed one’s own streams, newest first, and nothing of anybody else', async () => {
  const quick = await start('ada', { tokens: 3, ttftMs: 0, interTokenMs: 0 })
  const text = await fetch(`${gateway.url}/v1/streams/${quick}`, { headers: headersOf('ada') })
  await text.text()
  const hanging = await start('ada', { hangAfter: 0 })
  const others = await start('bob', { tokens: 1, ttftMs: 0 })
  await expect.poll(async () => (await live('bob')).figures.ended).toEqual({ stop: 1 })

  const ada = await live('ada')
  expect(ada.streams.map(({ id, status }) => [id, status])).toEqual([
    [hanging, 'running'],
    [quick, 'ended'],
  ])
  expect(ada.streams[1]).toMatchObject({ readers: 0, end: { reason: 'stop' } })
  expect(ada.streams[1]!.events).toBeGreaterThan(2)
  expect(ada.figures).toMatchObject({ started: 2, running: 1, ended: { stop: 1 } })
  expect(ada.figures.histograms.durationMs!.count).toBe(1)
  expect(ada.figures.histograms.waitedMs!.count).toBeGreaterThan(0)
  // What the process holds for all is nobody's of many.
  expect(ada.store).toEqual({ health: 'ok' })

  const bob = await live('bob')
  expect(bob.streams.map(({ id }) => id)).toEqual([others])
  expect(JSON.stringify(bob)).not.toContain(quick)
  expect((await live('nobody')).streams).toEqual([])
  expect((await live('ada', '?limit=1')).streams.map(({ id }) => id)).toEqual([hanging])
  expect((await live('ada', '?limit=1')).more).toBe(true)
})

test('strangers are asked who they are; what is no limit is refused by its name; HEAD has no body', async () => {
  const stranger = await fetch(`${gateway.url}/v1/live`)
  expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  for (const limit of ['0', '101', '-1', 'x', '1e2', '']) {
    const refused = await fetch(`${gateway.url}/v1/live?limit=${limit}`, { headers: headersOf('ada') })
    expect([limit, refused.status]).toEqual([limit, 400])
    expect(await refused.text()).toContain('from 1 to 100')
  }
  const head = await fetch(`${gateway.url}/v1/live`, { method: 'HEAD', headers: headersOf('ada') })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect(head.headers.get('cache-control')).toBe('no-store')
  expect((await fetch(`${gateway.url}/v1/live`, { method: 'POST', headers: headersOf('ada') })).status).toBe(404)
})
