import type { Principal } from '@sluice/core'
import { describe, expect, test, vi } from 'vitest'

import { arrangePolled, isSettled, poll } from '../rig/lines.ts'
import { CHAT } from '../rig/rig.ts'

describe('a long-poll that is not answered with events', () => {
  test('contract 12: who may not read is told at each poll, and the same as of a stream that never was', async () => {
    const world = await arrangePolled()
    const answers = await Promise.all(
      [
        { ref: world.id, owner: 'grace' },
        { ref: `${world.id}.1.0`, owner: 'grace' },
        { ref: '0'.repeat(26), owner: 'ada' },
      ].map(({ ref, owner }) =>
        world.ask('GET', `/streams/${ref}`, { owner, headers: { accept: 'application/x-ndjson', prefer: 'wait=50' } }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    expect((await poll(world, world.id, { stranger: true })).status).toBe(401)
  })

  test('temporary refusals are what they are: who polls is no EventSource', async () => {
    const world = await arrangePolled({ limits: { readersPerStream: 1 } })
    const waiting = poll(world, world.id, { wait: 50 })
    await world.runtime.flush()
    const refused = await world.ask('GET', `/streams/${world.id}`, { headers: { accept: 'application/x-ndjson' } })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    await world.ask('POST', `/streams/${world.id}/cancel`)
    await world.runtime.flush()
    await waiting
  })

  test('what is no wait, and a wire that is not sluice’s own, are refused by name', async () => {
    const world = await arrangePolled()
    for (const [query, prefer, named] of [
      ['?wait=soon', '', '\\"wait\\" of the query is \\"soon\\"'],
      ['', 'wait=soon', '\\"wait\\" in Prefer is \\"soon\\"'],
      ['?wire=openai.chat', '', 'leave \\"wire\\" out'],
    ] as const) {
      const headers = { accept: 'application/x-ndjson', prefer }
      const refused = await world.ask('GET', `/streams/${world.id}${query}`, { headers })
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(named)])
    }
  })

  test('HEAD has its head, waits for nothing and takes nothing', async () => {
    const world = await arrangePolled()
    const headers = { accept: 'application/x-ndjson', prefer: 'wait=50' }
    const plan = await world.resource.handle(world.request('HEAD', `/streams/${world.id}`, { headers }))
    expect(plan).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-ndjson' } })
    expect(['body' in plan, world.sluice.stats().delivering]).toEqual([false, 0])
    await world.ask('POST', `/streams/${world.id}/cancel`)
    const over = await world.resource.handle(world.request('HEAD', `/streams/${world.id}?after=now`, { headers }))
    expect(over).toMatchObject({ status: 204, headers: { 'sluice-end': 'cancelled' } })
  })

  test('a page of another origin sees where to go on', async () => {
    const world = await arrangePolled({}, { cors: { origins: ['https://app.example'] } })
    const headers = { accept: 'application/x-ndjson', origin: 'https://app.example' }
    const response = await world.ask('GET', `/streams/${world.id}`, { headers })
    expect(response.headers.get('access-control-expose-headers')?.split(', ')).toContain('Sluice-Cursor')
    const preflight = await world.ask('OPTIONS', `/streams/${world.id}`, {
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Prefer')
  })

  test('a key leads to the stream, with the rest of the query', async () => {
    const world = await arrangePolled()
    const json = { ...CHAT, background: true, sluice: { key: 'k' } }
    const { id } = (await (await world.ask('POST', '/streams', { json })).json()) as { id: string }
    const headers = { accept: 'application/x-ndjson' }
    const found = await world.ask('GET', '/streams?key=k&wait=5&reader=r', { headers })
    expect([found.status, found.headers.get('location')]).toEqual([307, `/v1/streams/${id}?wait=5&reader=r`])
  })

  test('S5: who is known no more while it waits is told so, with a cursor that stays good', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_790_000_000_000)
    const identify = (): Principal => ({ owner: 'ada', expiresAtMs: 1_790_000_010_000 })
    const world = await arrangePolled({}, { identify })
    const waiting = poll(world, world.id, { wait: 50 })
    await world.runtime.advance(9_999)
    expect(await isSettled(world, waiting)).toBe(false)
    await world.runtime.advance(1)
    const cursor = `${world.id}.1.0`
    expect(await waiting).toMatchObject({ cursor, lines: [{ type: 'closed', code: 'unauthorized', cursor }] })
    vi.restoreAllMocks()
  })
})
