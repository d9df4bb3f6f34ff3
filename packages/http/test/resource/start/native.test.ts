import { quiet } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, createScript, eventsOf, saying, textOf, until } from '../../rig/rig.ts'

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
    await quiet()
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
