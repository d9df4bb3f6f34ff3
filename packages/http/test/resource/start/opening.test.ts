import { getEventListeners } from 'node:events'

import { createSystemRuntime, type Runtime, SluiceError } from '@sluice/core'
import { quiet } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, createScript, eventsOf, until } from '../../rig/rig.ts'

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
    await quiet()
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
