import { getEventListeners } from 'node:events'

import { createSystemRuntime, type Runtime, SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { CHAT, chatTextOf, createRig, createScript, eventsOf, saying, textOf, until } from '../rig/rig.ts'

const HELLO = saying('Hel', 'lo', ' world')

describe('POST /streams', () => {
  test('streams the native wire by default, with the headers of a stream', async () => {
    const { ask } = createRig(HELLO)
    const response = await ask('POST', '/streams', { json: CHAT })
    expect(response.status).toBe(200)
    const id = response.headers.get('sluice-stream-id')
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      vary: 'Accept, Authorization, Cookie, Last-Event-ID',
      'sluice-stream-id': id,
      'content-location': `/v1/streams/${id}`,
    })
    const events = await eventsOf(response)
    expect(events.map(({ event }) => event)).toEqual(['opened', 'text', 'end'])
    expect(textOf(events)).toBe('Hello world')
    expect(events.at(-1)?.id).toBe(`${id}.1.4`)
  })

  test('chooses the mode by the body, whatever Accept says', async () => {
    const { ask } = createRig(HELLO)
    const headers = { accept: 'application/json' }
    const streamed = await ask('POST', '/streams', { json: { ...CHAT, stream: true }, headers })
    expect(streamed.headers.get('content-type')).toContain('text/event-stream')
    const whole = await ask('POST', '/streams', {
      json: { ...CHAT, stream: false },
      headers: { accept: 'text/event-stream' },
    })
    expect(whole.headers.get('content-type')).toContain('application/json')
    expect(await whole.json()).toMatchObject({
      status: 'ended',
      text: 'Hello world',
      events: [{ type: 'text', text: 'Hello world' }],
      end: { reason: 'stop', complete: true },
    })
  })

  test('answers 202 at once for a background stream, which nobody has to read', async () => {
    const script = createScript()
    const { ask, sluice } = createRig(script.source, {
      sluice: { stream: { onDisconnect: 'cancel', unattachedMs: 10 } },
    })
    const response = await ask('POST', '/streams', { json: { ...CHAT, background: true } })
    expect(response.status).toBe(202)
    const { id, cursor, status } = (await response.json()) as { id: string; cursor: string; status: string }
    expect({ cursor, status }).toEqual({ cursor: `${id}.1.0`, status: 'waiting' })
    expect(response.headers.get('location')).toBe(`/v1/streams/${id}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
    script.open()
    script.give('done')
    script.finish()
    await until(() => sluice.stats().producing === 0)
    const later = await ask('GET', `/streams/${id}?include=result`, { headers: { accept: 'application/json' } })
    expect(await later.json()).toMatchObject({ status: 'ended', text: 'done', end: { complete: true } })
  })

  test('lets the body say what follows a disconnect of a background stream', async () => {
    const script = createScript()
    const { ask } = createRig(script.source, { sluice: { stream: { unattachedMs: 10 } } })
    await ask('POST', '/streams', { json: { ...CHAT, background: true, sluice: { onDisconnect: 'cancel' } } })
    await until(() => script.signal?.aborted === true)
  })

  test('keeps what was meant for sluice from the runner, and nothing else', async () => {
    const { ask, bodies } = createRig(HELLO)
    const more = { temperature: 0.5, x: { background: 1 }, stream_options: { include_usage: true } }
    const sluice = { key: 'chat-1', meta: { title: 'T' } }
    const response = await ask('POST', '/streams', { json: { ...CHAT, ...more, sluice, background: false } })
    expect(bodies).toEqual([{ ...CHAT, ...more }])
    const [opened] = await eventsOf(response)
    expect(JSON.parse(opened!.data)).toMatchObject({ meta: { title: 'T' } })
  })

  test('joins the running stream of the same key', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    script.open()
    const json = { ...CHAT, sluice: { key: 'chat-1' } }
    const [first, second] = [await ask('POST', '/streams', { json }), await ask('POST', '/streams', { json })]
    expect(second.headers.get('sluice-stream-id')).toBe(first.headers.get('sluice-stream-id'))
    const refused = await ask('POST', '/streams', { json: { ...CHAT, sluice: { key: 'chat-1', ifRunning: 'refuse' } } })
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'SLUICE_ERR_KEY_RUNNING' }])
    script.give('x')
    script.finish()
    expect([textOf(await eventsOf(first)), textOf(await eventsOf(second))]).toEqual(['x', 'x'])
    expect(script.calls).toBe(1)
  })
})

describe('POST /chat/completions', () => {
  test('streams chunks and [DONE] when asked to stream', async () => {
    const { ask, bodies } = createRig(HELLO)
    const json = { ...CHAT, stream: true, background: 'theirs', sluice: { key: 'a' } }
    const response = await ask('POST', '/chat/completions', { json })
    const events = await eventsOf(response)
    expect(events.at(-1)?.data).toBe('[DONE]')
    expect(chatTextOf(events)).toBe('Hello world')
    const id = response.headers.get('sluice-stream-id')
    expect(JSON.parse(events[0]!.data)).toMatchObject({ id: `chatcmpl-${id}`, model: 'demo' })
    expect(bodies).toEqual([{ ...CHAT, stream: true, background: 'theirs' }])
  })

  test('collects one JSON body otherwise, from the same stream', async () => {
    const { ask } = createRig(saying('Hel', 'lo', { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } }))
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    const id = response.headers.get('sluice-stream-id')
    expect(await response.json()).toMatchObject({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      model: 'demo',
      created: expect.any(Number) as number,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    })
    const again = await ask('GET', `/streams/${id}`)
    expect(again.headers.get('content-type')).toContain('text/event-stream')
    expect(chatTextOf(await eventsOf(again))).toBe('Hello')
  })

  test.each([
    [true, 1],
    [false, 0],
  ])('tells usage on the wire when include_usage is %s', async (include, chunks) => {
    const { ask } = createRig(saying('a', { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } }))
    const json = { ...CHAT, stream: true, stream_options: { include_usage: include } }
    const response = await ask('POST', '/chat/completions', { json })
    const bodies = (await eventsOf(response))
      .filter(({ data }) => data !== '[DONE]')
      .map(({ data }) => JSON.parse(data))
    expect(bodies.filter(({ usage }) => usage)).toHaveLength(chunks)
  })

  test('answers a stream that is cut with the status and the words of the failure, never with half a body', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    script.open()
    script.give('half')
    script.fail(new SluiceError('SLUICE_ERR_BACKEND', 'gone', { status: 503, extra: { error: { message: 'theirs' } } }))
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      error: { message: 'theirs', type: 'server_error', param: null, code: null },
    })
  })

  test('asks official clients not to have again what was generated and then failed', async () => {
    for (const path of ['/chat/completions', '/streams']) {
      for (const items of [[], ['half']]) {
        const script = createScript()
        script.open()
        for (const item of items) script.give(item)
        script.fail(new SluiceError('SLUICE_ERR_BACKEND', 'It broke.'))
        const { ask } = createRig(script.source)
        const response = await ask('POST', path, { json: { ...CHAT, stream: false } })
        const retry = response.headers.get('x-should-retry')
        expect([response.status, retry]).toEqual([502, items.length > 0 ? 'false' : null])
      }
    }
  })

  test('refuses to collect more than the cap, and says where the answer can be read', async () => {
    const { ask } = createRig(saying('x'.repeat(600), 'y'.repeat(600)), { maxJsonBytes: 1000 })
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SLUICE_ERR_TOO_LARGE' } })
    expect(response.headers.get('x-should-retry')).toBe('false')
    const again = await ask('GET', response.headers.get('content-location')!.slice('/v1'.length) + '?wire=native')
    expect(textOf(await eventsOf(again))).toHaveLength(1200)
  })
})

describe('the opening', () => {
  const BUSY = new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy.', {
    status: 429,
    retryAfterMs: 1200,
    extra: { error: { message: 'Rate limit reached', type: 'requests', param: null, code: 'rate_limit_exceeded' } },
  })

  test('a failure before it is an HTTP error, with the provider\u2019s own body on the provider\u2019s route', async () => {
    const { ask } = createRig(() => Promise.reject(BUSY))
    const response = await ask('POST', '/chat/completions', { json: { ...CHAT, stream: true } })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await response.json()).toEqual(BUSY.extra)
  })

  test('a failure before it is a problem on the native route', async () => {
    const { ask } = createRig(() => Promise.reject(BUSY))
    const response = await ask('POST', '/streams', { json: CHAT })
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: 'The backend is busy.',
      code: 'SLUICE_ERR_BACKEND',
    })
  })

  test('never shows the message of an error that is not ours', async () => {
    const { ask } = createRig(() => Promise.reject(new Error('password=hunter2')))
    const response = await ask('POST', '/streams', { json: CHAT })
    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('hunter2')
  })

  test('a source that is slow to open is answered after openAfterMs, and fails on the wire then', async () => {
    const script = createScript()
    const { ask } = createRig(script.source, { sluice: { stream: { openAfterMs: 20 } } })
    const response = await ask('POST', '/streams', { json: CHAT })
    expect(response.status).toBe(200)
    script.refuse(BUSY)
    const events = await eventsOf(response)
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ reason: 'error', complete: false })
  })

  test('waits neither longer nor shorter than for the source', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    let answered = false
    const asked = ask('POST', '/streams', { json: CHAT }).then((response) => ((answered = true), response))
    await until(() => script.calls === 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(answered).toBe(false)
    script.open()
    expect((await asked).status).toBe(200)
  })

  test.each(['stream', 'json'])('a client that leaves before it stops the source at once (%s)', async (mode) => {
    const script = createScript()
    const { ask, sluice } = createRig(script.source, { sluice: { stream: { onDisconnect: 'cancel' } } })
    const client = new AbortController()
    const json = { ...CHAT, stream: mode === 'stream' }
    const asked = ask('POST', '/chat/completions', { json, signal: client.signal })
    await until(() => script.calls === 1)
    client.abort()
    expect((await asked).status).toBe(499)
    expect(script.signal?.aborted).toBe(true)
    await until(() => sluice.stats().producing === 0)
  })

  test('a client that leaves between the answer and its delivery stops the source too', async () => {
    const script = createScript()
    const { resource, request } = createRig(script.source, { sluice: { stream: { onDisconnect: 'cancel' } } })
    script.open()
    const client = new AbortController()
    const plan = await resource.handle(request('POST', '/streams', { json: CHAT, signal: client.signal }))
    expect('deliver' in plan).toBe(true)
    client.abort()
    await until(() => script.signal?.aborted === true)
  })

  test('never starts anything for a client that has gone already', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    expect((await ask('POST', '/streams', { json: CHAT, signal: AbortSignal.abort() })).status).toBe(499)
    expect(script.calls).toBe(0)
  })

  test.each(['opened', 'refused', 'left', 'late'])('leaves neither timer nor listener behind (%s)', async (how) => {
    const system = createSystemRuntime()
    const timers = new Set<object>()
    const runtime: Runtime = {
      now: () => system.now(),
      defer: (task) => system.defer(task),
      after: (delayMs, task) => {
        const timer = {}
        timers.add(timer)
        const callOff = system.after(delayMs, () => (timers.delete(timer), task()))
        return () => (timers.delete(timer), callOff())
      },
    }
    const script = createScript()
    const stream = { openAfterMs: how === 'late' ? 5 : 60_000, onDisconnect: 'cancel' as const, retentionMs: 0 }
    const { ask, sluice } = createRig(script.source, { sluice: { runtime, stream } })
    const client = new AbortController()
    const asked = ask('POST', '/streams', { json: CHAT, signal: client.signal })
    await until(() => script.calls === 1)
    if (how === 'left') client.abort()
    if (how === 'late') await asked
    if (how === 'refused') script.refuse(new Error('x'))
    else script.open()
    script.finish()
    await (await asked).text()
    await until(() => sluice.stats().producing === 0 && timers.size === 0)
    expect(sluice.stats()).toMatchObject({ producing: 0, delivering: 0, pending: 0 })
    expect(getEventListeners(client.signal, 'abort')).toEqual([])
  })
})

describe('a POST that carries a cursor', () => {
  test.each(['/streams', '/chat/completions'])('goes on with the stream and generates nothing (%s)', async (path) => {
    const script = createScript()
    const { ask, bodies } = createRig(script.source)
    script.open()
    script.give('one ')
    script.give('two')
    script.finish()
    const json = { ...CHAT, stream: true }
    const first = await ask('POST', path, { json })
    const id = first.headers.get('sluice-stream-id')!
    await first.text()
    const rest = await ask('POST', path, { json, headers: { 'last-event-id': `${id}.1.1` } })
    const events = await eventsOf(rest)
    expect(path === '/streams' ? textOf(events) : chatTextOf(events)).toBe('two')
    expect(bodies).toHaveLength(1)
    const over = await ask('POST', path, { json, headers: { 'last-event-id': `${id}.1.3` } })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
    const whole = await ask('POST', path, {
      json: { ...CHAT, stream: false },
      headers: { 'last-event-id': `${id}.1.1` },
    })
    expect(JSON.stringify(await whole.json())).toContain('one two')
    expect(bodies).toHaveLength(1)
  })
})

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': '"8e03978e"' }

  test('the same key and body read the same stream from the start', async () => {
    const { ask, bodies } = createRig(HELLO)
    const first = await ask('POST', '/streams', { json: CHAT, headers })
    await first.text()
    const reordered = Object.fromEntries(Object.entries(CHAT).reverse())
    const again = await ask('POST', '/streams', { json: reordered, headers: { 'idempotency-key': '8e03978e' } })
    expect(again.headers.get('sluice-stream-id')).toBe(first.headers.get('sluice-stream-id'))
    expect(textOf(await eventsOf(again))).toBe('Hello world')
    expect(bodies).toHaveLength(2)
  })

  test('another body is 422, another owner or route is another stream', async () => {
    const { ask } = createRig(HELLO)
    const json = { ...CHAT, stream: true }
    const first = await ask('POST', '/streams', { json, headers })
    const other = await ask('POST', '/streams', { json: { ...json, seed: 1 }, headers })
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'SLUICE_ERR_IDEMPOTENCY_MISMATCH' }])
    const grace = await ask('POST', '/streams', { json, headers, owner: 'grace' })
    const chat = await ask('POST', '/chat/completions', { json, headers })
    const answers = [first, grace, chat]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(answers.map((answer) => answer.headers.get('sluice-stream-id'))).size).toBe(3)
  })

  test('a failure before the opening is repeated as it was', async () => {
    const error = new SluiceError('SLUICE_ERR_BACKEND', 'No such model.', { status: 404 })
    const { ask } = createRig(() => Promise.reject(error))
    const statuses: number[] = []
    for (let time = 0; time < 2; time++) statuses.push((await ask('POST', '/streams', { json: CHAT, headers })).status)
    expect(statuses).toEqual([404, 404])
  })

  test.each(['""', '"open', `"a"b"`, 'x'.repeat(256), ''])('refuses the key %s', async (key) => {
    const { ask } = createRig(HELLO)
    const response = await ask('POST', '/streams', { json: CHAT, headers: { 'idempotency-key': key } })
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'SLUICE_ERR_REQUEST' }])
  })
})
