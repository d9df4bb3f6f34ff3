import { describe, expect, test } from 'vitest'

import { CHAT, createRig, eventsOf, saying } from '../rig/rig.ts'

const ALL = {
  key: 'chat-1',
  ifRunning: 'attach',
  onDisconnect: { graceMs: 20 },
  meta: { title: 'T' },
  ids: true,
  maxDelayMs: 20,
  maxTokens: 8,
}
const KNOWN = 'known are: key, ifRunning, onDisconnect, meta, ids, maxDelayMs, maxTokens.'

describe.each(['/streams', '/chat/completions'])('what a client says of its stream in the body of POST %s', (path) => {
  test('is all taken, and nothing of it reaches the runner', async () => {
    const { ask, bodies, sluice } = createRig(saying('x'))
    const response = await ask('POST', path, { json: { ...CHAT, stream: true, sluice: ALL } })
    expect(response.status).toBe(200)
    await response.text()
    expect(bodies).toEqual([{ ...CHAT, stream: true }])
    const id = response.headers.get('sluice-stream-id')!
    const stream = await sluice.attach({ id }, { as: { owner: 'ada' } })
    expect([stream.key, stream.meta]).toEqual(['chat-1', { title: 'T' }])
  })

  test.each([
    [{ maxDelay: 5 }, `The field \\"sluice.maxDelay\\" is not known; ${KNOWN}`],
    [{ ...ALL, Key: 'x' }, `The field \\"sluice.Key\\" is not known; ${KNOWN}`],
    [{ maxTokens: 0 }, 'The field \\"sluice.maxTokens\\" must be a whole number from 1 to 65536.'],
    [{ onDisconnect: { graceMs: 3_600_001 } }, 'The field \\"sluice.onDisconnect\\" must be'],
    [[], 'The field \\"sluice\\" must be an object.'],
    ['key', 'The field \\"sluice\\" must be an object.'],
  ])('is refused where it is wrong, in the words of the route: %j', async (said, message) => {
    const { ask, bodies } = createRig(saying('x'))
    const response = await ask('POST', path, { json: { ...CHAT, sluice: said } })
    expect(response.status).toBe(400)
    const body = await response.text()
    expect(body).toContain(message)
    expect(JSON.parse(body)).toMatchObject(
      path === '/streams' ? { code: 'SLUICE_ERR_REQUEST' } : { error: { code: 'SLUICE_ERR_REQUEST' } },
    )
    expect(bodies).toEqual([])
  })

  test('may be null or left out', async () => {
    const { ask, bodies } = createRig(saying('x'))
    expect((await ask('POST', path, { json: { ...CHAT, sluice: null } })).status).toBe(200)
    expect((await ask('POST', path, { json: CHAT })).status).toBe(200)
    expect(bodies).toEqual([CHAT, CHAT])
  })
})

describe('its twins in the query of a GET', () => {
  async function started() {
    const rig = createRig(() => new Promise(() => {}))
    const json = { ...CHAT, background: true, sluice: { key: 'k' } }
    const { id } = (await (await rig.ask('POST', '/streams', { json })).json()) as { id: string }
    return { ...rig, id, url: `/streams/${id}` }
  }

  test.each([
    'ids=1',
    'ids=true',
    'ids=0',
    'ids=false',
    'maxDelayMs=20',
    'maxTokens=8',
    'ids=1&maxDelayMs=1&maxTokens=1',
  ])('takes ?%s', async (query) => {
    const { ask, url } = await started()
    for (const accept of ['text/event-stream', 'application/json'])
      expect((await ask('GET', `${url}?${query}`, { headers: { accept } })).status).toBe(200)
    expect((await ask('HEAD', `${url}?${query}`)).status).toBe(200)
  })

  test.each([
    ['ids=yes', 'The query parameter "ids" must be true or false; in a query 1 or 0 too.'],
    ['maxDelayMs=', 'The query parameter "maxDelayMs" must be a whole number from 1 to 60000.'],
    ['maxDelayMs=60001', 'The query parameter "maxDelayMs" must be a whole number from 1 to 60000.'],
    ['maxTokens=1e3', 'The query parameter "maxTokens" must be a whole number from 1 to 65536.'],
    ['maxTokens=-1', 'The query parameter "maxTokens" must be a whole number from 1 to 65536.'],
  ])('refuses ?%s', async (query, detail) => {
    const { ask, url } = await started()
    for (const target of [url, '/streams']) {
      const response = await ask('GET', `${target}?key=k&${query}`.replace(`${url}?key=k&`, `${url}?`))
      expect([response.status, await response.json()]).toMatchObject([400, { code: 'SLUICE_ERR_REQUEST', detail }])
    }
  })

  test.each(['key=k', 'ifRunning=cancel', 'onDisconnect=continue', 'meta=%7B%7D'])(
    'refuses ?%s where nothing is started, and says why',
    async (query) => {
      const { ask, url } = await started()
      const response = await ask('GET', `${url}?${query}`)
      const name = query.split('=')[0]
      const detail =
        `The query parameter "${name}" is about starting a stream, and this is about one that there is; ` +
        'known are: ids, maxDelayMs, maxTokens.'
      expect([response.status, await response.json()]).toMatchObject([400, { detail }])
      if (name === 'key') return
      expect((await ask('GET', `/streams?key=k&${query}`)).status).toBe(400)
    },
  )

  test('go with the client to the stream of a key, and names of others are left alone', async () => {
    const { ask, id, url } = await started()
    const found = await ask('GET', '/streams?key=k&maxTokens=8&ids=1&utm=x')
    expect([found.status, found.headers.get('location')]).toEqual([307, `/v1/streams/${id}?maxTokens=8&ids=1&utm=x`])
    expect((await ask('GET', `${url}?_=1700000000&lastEventId=`)).status).toBe(200)
  })

  test('say nothing on a POST', async () => {
    const { ask } = createRig(saying('x'))
    const response = await ask('POST', '/streams?key=k&maxTokens=none', { json: CHAT })
    expect((await eventsOf(response)).map(({ event }) => event)).toEqual(['opened', 'text', 'end'])
    expect((await ask('GET', '/streams?key=k')).status).toBe(204)
  })
})
