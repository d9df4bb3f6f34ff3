import { describe, expect, test } from 'vitest'

import { createHttpRig, submit } from './rig.ts'

const JSON_ONLY = { accept: 'application/json' }

describe('POST /jobs', () => {
  test('202: where the job is, when to look again, and how it stands', async () => {
    const rig = createHttpRig()
    const { id, response } = await submit(rig, { meta: { chat: 'c' }, attempts: 2 })
    expect(response.status).toBe(202)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: `/v1/jobs/${id}`,
      'retry-after': '1',
      'openai-poll-after-ms': '1000',
      'cache-control': 'no-store',
      'preference-applied': 'respond-async',
    })
    expect(await response.json()).toMatchObject({
      id,
      object: 'job',
      status: 'waiting',
      state: 'queued',
      cursor: null,
      attempt: 0,
      attempts: 2,
      meta: { chat: 'c' },
    })
  })

  test('with Prefer: wait=N, 200 and how it ended where it ends in time', async () => {
    const rig = createHttpRig()
    rig.jobs.work()
    const answer = rig.ask('POST', '/jobs', { json: { source: 'told' }, headers: { prefer: 'respond-async, wait=20' } })
    await rig.pass(10_000)
    rig.attempts[0]!.say('x')
    rig.attempts[0]!.finish()
    await rig.pass()
    const response = await answer
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { state: 'succeeded', end: { complete: true } },
    ])
  })

  test('the same Idempotency-Key gives the same job; another body with it is 422', async () => {
    const rig = createHttpRig()
    const headers = { 'idempotency-key': '"k1"' }
    const ids = await Promise.all(
      [headers, { 'idempotency-key': 'k1' }].map(async (given) => {
        const response = await rig.ask('POST', '/jobs', { json: { source: 'told', input: 1 }, headers: given })
        return ((await response.json()) as { id: string }).id
      }),
    )
    expect(ids[0]).toBe(ids[1])
    expect((await rig.ask('POST', '/jobs', { json: { source: 'told', input: 2 }, headers })).status).toBe(422)
  })

  test.each([
    [{ source: 'nobody' }, 'told'],
    [{}, 'source'],
    [{ source: 'told', sourse: 1 }, 'sourse'],
    [{ source: 'told', attempts: 0 }, 'attempts'],
    [{ source: 'told', priority: 1_000 }, 'priority'],
    [[], 'object'],
  ])('a body that is none is a 400 that says why: %j', async (json, word) => {
    const response = await createHttpRig().ask('POST', '/jobs', { json })
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('problem+json'),
    ])
    expect(await response.text()).toContain(word)
  })

  test('what the application adds to an input is no part of what a repeat is compared by', async () => {
    let asked = 0
    const rig = createHttpRig({
      submit: (source, input) => ({ source, input: { input: input ?? null, asked: ++asked } }),
    })
    const headers = { 'idempotency-key': 'k' }
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const response = await rig.ask('POST', '/jobs', { json: { source: 'told', input: 1 }, headers })
        return ((await response.json()) as { id: string }).id
      }),
    )
    expect(ids[0]).toMatch(/^job_/)
    expect(ids[1]).toBe(ids[0])
  })

  test.each(['', 'x'.repeat(256), '"no end'])(
    'an Idempotency-Key that is none is a 400 that says so: %j',
    async (key) => {
      const headers = { 'idempotency-key': key }
      const response = await createHttpRig().ask('POST', '/jobs', { json: { source: 'told' }, headers })
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('Idempotency-Key')])
    },
  )

  test('the application may decide what a client can submit', async () => {
    const rig = createHttpRig({
      submit: (source, input, { principal }) => ({ source, input: { input: input ?? null, by: principal.owner } }),
    })
    const { id } = await submit(rig)
    rig.jobs.work()
    await rig.pass()
    expect(rig.attempts[0]!.context).toMatchObject({ input: { input: { topic: 'locks' }, by: 'ada' }, job: { id } })
  })
})

describe('GET /jobs/{id}', () => {
  test('with If-None-Match: 304 while nothing has changed, the job once it has; a wait ends with the change', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    const first = await rig.ask('GET', `/jobs/${id}`, { headers: JSON_ONLY })
    const headers = { ...JSON_ONLY, 'if-none-match': first.headers.get('etag')! }
    const same = await rig.ask('GET', `/jobs/${id}`, { headers })
    expect([same.status, await same.text(), same.headers.get('retry-after')]).toEqual([304, '', '1'])
    const waiting = rig.ask('GET', `/jobs/${id}?wait=30`, { headers })
    rig.jobs.work()
    await rig.pass()
    const changed = await waiting
    expect([changed.status, ((await changed.json()) as { state: string }).state]).toEqual([200, 'running'])
  })

  test('a wait that brings nothing is over in its time', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    const waiting = rig.ask('GET', `/jobs/${id}?wait=30`, { headers: JSON_ONLY })
    await rig.pass(30_000)
    expect((await waiting).status).toBe(200)
  })

  test('shows the stream of its attempt on the wire that is asked for, also to who comes before it', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    const reading = rig.ask('GET', `/jobs/${id}`, { headers: { accept: 'text/event-stream' } })
    await rig.pass()
    rig.jobs.work()
    await rig.pass()
    const response = await reading
    expect(response.headers.get('sluice-stream-id')).toBe(rig.attempts[0]!.context.id)
    rig.attempts[0]!.say('Hello')
    rig.attempts[0]!.finish()
    await rig.pass()
    const text = response.text()
    await rig.pass()
    expect(await text).toMatch(/event: text\ndata: \{"text":"Hello"\}[^]*event: end/)
    const lines = await rig.ask('GET', `/jobs/${id}`, { headers: { accept: 'application/x-ndjson' } })
    expect(await lines.text()).toContain('"text":"Hello"')
  })

  test('a reader of an attempt that is gone comes back with its cursor, and begins with the one that runs', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    rig.jobs.work()
    await rig.pass()
    rig.attempts[0]!.fail(new Error('no'))
    await rig.pass(5_000)
    const first = rig.attempts[0]!.context.id
    const reading = await rig.ask('GET', `/jobs/${id}`, {
      headers: { accept: 'text/event-stream', 'last-event-id': `${first}.1.1` },
    })
    expect([reading.status, reading.headers.get('sluice-stream-id')]).toEqual([200, rig.attempts[1]!.context.id])
    rig.attempts[1]!.say('again')
    rig.attempts[1]!.finish()
    await rig.pass()
    const text = reading.text()
    await rig.pass()
    expect(await text).toContain('"text":"again"')
  })

  test('where no attempt begins in time an EventSource is told to come back, a client that says strict gets an error', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    const reading = rig.ask('GET', `/jobs/${id}`, { headers: { accept: 'text/event-stream' } })
    const headers = { accept: 'text/event-stream', prefer: 'handling=strict' }
    const strict = rig.ask('GET', `/jobs/${id}`, { headers })
    await rig.pass(26_000)
    const response = await reading
    expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/^retry: \d+\n/)])
    expect((await strict).status).toBe(503)
  })

  test('is 404 for others, and for what is no job', async () => {
    const rig = createHttpRig()
    const { id } = await submit(rig)
    const paths = [`/jobs/${id}`, '/jobs/job_none', '/operations/job_none']
    const statuses = await Promise.all(
      paths.map(async (path) => (await rig.ask('GET', path, { headers: JSON_ONLY, owner: 'eve' })).status),
    )
    expect(statuses).toEqual([404, 404, 404])
    expect((await rig.ask('DELETE', `/jobs/${id}`, { owner: 'eve' })).status).toBe(404)
    expect((await rig.ask('PUT', `/jobs/${id}`)).status).toBe(405)
  })
})

test('jobs are listed newest first, by their state, a page at a time', async () => {
  const rig = createHttpRig()
  const ids: string[] = []
  for (let index = 0; index < 3; index++) {
    ids.unshift((await submit(rig)).id)
    await rig.pass()
  }
  const page = (await (await rig.ask('GET', '/jobs?limit=2&state=queued')).json()) as { data: { id: string }[] }
  expect(page).toMatchObject({ object: 'list', has_more: true, first_id: ids[0], last_id: ids[1] })
  const rest = (await (await rig.ask('GET', `/jobs?limit=2&after=${ids[1]}`)).json()) as { data: { id: string }[] }
  expect([rest.data.map(({ id }) => id), rest]).toMatchObject([[ids[2]], { has_more: false }])
  expect((await rig.ask('GET', '/jobs?state=dead')).status).toBe(400)
})

test('a job is cancelled, tried again and erased', async () => {
  const rig = createHttpRig()
  const { id } = await submit(rig)
  const cancelled = await rig.ask('POST', `/jobs/${id}/cancel`)
  expect([cancelled.status, await cancelled.json()]).toMatchObject([200, { state: 'cancelled' }])
  expect((await rig.ask('POST', `/jobs/${id}/retry`)).status).toBe(409)
  expect((await rig.ask('DELETE', `/jobs/${id}`)).status).toBe(200)
  expect((await rig.ask('GET', `/jobs/${id}`, { headers: JSON_ONLY })).status).toBe(404)
})
