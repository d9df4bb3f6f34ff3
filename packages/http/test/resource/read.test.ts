import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { CHAT, chatTextOf, createRig, createScript, eventsOf, saying, textOf, until } from '../rig/rig.ts'

const HELLO = saying('Hello', ' ', 'world')
const JSON_ONLY = { headers: { accept: 'application/json' } }

describe('GET /streams/{id}', () => {
  test('replays with the wire the stream was started on, byte for byte', async () => {
    const { ask } = createRig(HELLO)
    const first = await ask('POST', '/chat/completions', { json: { ...CHAT, stream: true } })
    const bytes = await first.text()
    const again = await ask('GET', `/streams/${first.headers.get('sluice-stream-id')}`)
    expect(await again.text()).toBe(bytes)
  })

  test('encodes a stream on another wire from what was stored with it', async () => {
    const { ask } = createRig(HELLO)
    const json = { ...CHAT, stream_options: { include_usage: true } }
    const id = (await ask('POST', '/streams', { json })).headers.get('sluice-stream-id')
    const events = await eventsOf(await ask('GET', `/streams/${id}?wire=openai.chat`))
    expect(chatTextOf(events)).toBe('Hello world')
    expect(JSON.parse(events[0]!.data)).toMatchObject({ model: 'demo', created: expect.any(Number) as number })
  })

  test('refuses a wire it does not know, and names those it knows', async () => {
    const { ask } = createRig(HELLO)
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    const response = await ask('GET', `/streams/${id}?wire=morse`)
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'SLUICE_ERR_REQUEST', detail: expect.stringContaining('native, openai.chat') as string },
    ])
  })

  test('continues a wire after Last-Event-ID without repeating anything, and re-opens it after ?after=', async () => {
    const { ask } = createRig(
      saying({ type: 'reasoning', text: 'hm' }, 'Hello', { type: 'reasoning', text: 'oh' }, 'you'),
    )
    const whole = await ask('POST', '/chat/completions?ids=1', { json: { ...CHAT, stream: true } })
    const id = whole.headers.get('sluice-stream-id')
    const bytes = (await whole.text()).slice(': open\n'.length)
    const last = `id: ${id}.1.2\n\n`
    const cut = bytes.indexOf(last) + last.length
    const continued = await ask('GET', `/streams/${id}`, { headers: { 'last-event-id': `${id}.1.2` } })
    expect((await continued.text()).slice(': open\n'.length)).toBe(bytes.slice(cut))
    const begun = await eventsOf(await ask('GET', `/streams/${id}?after=${id}.1.2`))
    expect(JSON.parse(begun[0]!.data)).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] })
  })

  test('as JSON: what is known, and the result when asked for', async () => {
    const { ask } = createRig(HELLO)
    const json = { ...CHAT, sluice: { key: 'k' } }
    const first = await ask('POST', '/streams', { json })
    await first.text()
    const id = first.headers.get('sluice-stream-id')
    const known = {
      id,
      key: 'k',
      status: 'ended',
      cursor: `${id}.1.4`,
      end: { type: 'end', reason: 'stop', complete: true },
    }
    const info = (await (await ask('GET', `/streams/${id}`, JSON_ONLY)).json()) as Record<string, unknown>
    expect(info).toMatchObject({ ...known, timing: { createdAtMs: expect.any(Number) as number } })
    expect(Object.keys(info).sort()).toEqual(['cursor', 'end', 'id', 'key', 'status', 'timing'])
    const result = await (await ask('GET', `/streams/${id}?include=result`, JSON_ONLY)).json()
    expect(result).toMatchObject({ ...known, text: 'Hello world', events: [{ type: 'text', text: 'Hello world' }] })
  })

  test('a text and the cursor told with it belong together', async () => {
    const script = createScript()
    const { ask } = createRig(script.source, { sluice: { stream: { onDisconnect: 'continue' } } })
    script.open()
    script.give('one ')
    script.give('two ')
    const json = { ...CHAT, background: true }
    const { id } = (await (await ask('POST', '/streams', { json })).json()) as { id: string }
    const { cursor, text } = (await (await ask('GET', `/streams/${id}?include=result`, JSON_ONLY)).json()) as {
      cursor: string
      text: string
    }
    script.give('three')
    script.finish()
    expect(text + textOf(await eventsOf(await ask('GET', `/streams/${id}?after=${cursor}`)))).toBe('one two three')
  })

  test('a client that wants neither gets a 406', async () => {
    const { ask } = createRig(HELLO)
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    expect((await ask('GET', `/streams/${id}`, { headers: { accept: 'text/html' } })).status).toBe(406)
  })

  test('HEAD has the head of GET and reads nothing', async () => {
    const { ask, resource, request, sluice } = createRig(HELLO)
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    await until(() => sluice.stats().producing === 0)
    const plan = await resource.handle(request('HEAD', `/streams/${id}`))
    expect(plan).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
    expect('deliver' in plan || 'body' in plan).toBe(false)
  })
})

describe('an EventSource that cannot be served now', () => {
  const busy = new SluiceError('SLUICE_ERR_OVERLOADED', 'Later.', { retryAfterMs: 700 })
  const overloaded = { identify: () => Promise.reject(busy) }

  test('gets a stream that ends at once and says when to come back', async () => {
    const { ask } = createRig(HELLO, overloaded)
    const response = await ask('GET', '/streams/abc', { headers: { accept: 'text/event-stream' } })
    expect([response.status, response.headers.get('retry-after')]).toEqual([200, '5'])
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await response.text()).toBe('retry: 5000\n\n')
  })

  test.each([
    ['when it says handling=strict', 'GET', '/streams/abc', { prefer: 'respond-async, Handling="strict"' }],
    ['when it asks for JSON', 'GET', '/streams/abc', { accept: 'application/json' }],
    ['when it is no GET', 'POST', '/streams', {}],
  ])('gets the status %s', async (_, method, url, headers) => {
    const { ask } = createRig(HELLO, overloaded)
    const response = await ask(method, url, { headers, json: CHAT })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ code: 'SLUICE_ERR_OVERLOADED' })
  })

  test('comes back when a stream has too many readers', async () => {
    const script = createScript()
    const { ask } = createRig(script.source, { sluice: { limits: { readersPerStream: 1 } } })
    script.open()
    const first = await ask('POST', '/streams', { json: CHAT })
    const second = await ask('GET', new URL(first.headers.get('content-location')!, 'http://x').pathname.slice(3))
    expect(await second.text()).toBe('retry: 5000\n\n')
    script.finish()
    await first.text()
  })

  test('hears of what is permanent as it is', async () => {
    const { ask } = createRig(HELLO)
    expect((await ask('GET', '/streams/abc')).status).toBe(404)
    expect((await ask('GET', '/streams/abc', { stranger: true })).status).toBe(401)
  })
})

describe('GET /streams?key=', () => {
  test('leads to the live stream of the key, and keeps the rest of the query', async () => {
    const script = createScript()
    const { ask, sluice } = createRig(script.source)
    script.open()
    const json = { ...CHAT, sluice: { key: 'a b' } }
    const first = await ask('POST', '/streams', { json })
    const id = first.headers.get('sluice-stream-id')
    const found = await ask('GET', '/streams?key=a+b&wire=native&after=now&reader=r')
    expect([found.status, found.headers.get('location')]).toEqual([
      307,
      `/v1/streams/${id}?wire=native&after=now&reader=r`,
    ])
    const info = await ask('GET', '/streams?key=a+b', JSON_ONLY)
    expect([info.status, await info.json()]).toMatchObject([200, { id, status: 'waiting' }])
    expect((await ask('GET', '/streams?key=a+b', { owner: 'grace' })).status).toBe(204)
    expect((await ask('GET', '/streams?key=other')).status).toBe(204)
    script.give('rest')
    script.finish()
    await first.text()
    await until(() => sluice.stats().producing === 0)
    expect((await ask('GET', '/streams?key=a+b')).status).toBe(204)
    const back = await ask('GET', '/streams?key=a+b', { headers: { 'last-event-id': `${id}.1.1` } })
    expect([back.status, back.headers.get('location')]).toEqual([307, `/v1/streams/${id}`])
    const strange = await ask('GET', '/streams?key=c', { headers: { 'last-event-id': `${id}.1.1` } })
    expect(strange.status).toBe(400)
  })

  test('needs the key', async () => {
    const { ask } = createRig(HELLO)
    const response = await ask('GET', '/streams')
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'SLUICE_ERR_REQUEST' }])
  })
})
