import { getEventListeners } from 'node:events'

import { describe, expect, test } from 'vitest'

import { createVirtualRuntime, drainMicrotasks } from '../../../../testing/src/index.ts'
import { lineTextOf, poll } from '../../rig/lines.ts'
import { type Ask, CHAT, createRig, createScript, type Rig, saying, type Script } from '../../rig/rig.ts'

interface World extends Rig {
  readonly runtime: ReturnType<typeof createVirtualRuntime>
  readonly script: Script
  start(prefer: string, ask?: Ask, url?: string): Promise<Response>
}

function arrange(onDisconnect?: 'cancel' | 'continue'): World {
  const runtime = createVirtualRuntime()
  const script = createScript()
  script.open()
  const rig = createRig(script.source, { sluice: { runtime, stream: { onDisconnect } } })
  return {
    ...rig,
    runtime,
    script,
    start: (prefer, ask, url = '/streams') => rig.ask('POST', url, { json: CHAT, ...ask, headers: { prefer } }),
  }
}

const LATE = { text: 'Hello', status: 'ended', end: { reason: 'stop', complete: true } }

describe('a start with Prefer: respond-async', () => {
  test.each([undefined, true, false])('finished in time: 200 and all of it, with stream: %s', async (stream) => {
    const { runtime, script, start } = arrange()
    const answer = start('respond-async, wait=20', { json: { ...CHAT, stream } })
    await runtime.advance(19_000)
    script.give('Hello')
    script.finish()
    await runtime.flush()
    const response = await answer
    const id = response.headers.get('sluice-stream-id')
    expect([response.status, response.headers.get('content-location')]).toEqual([200, `/v1/streams/${id}`])
    expect(await response.json()).toMatchObject({ id, ...LATE })
  })

  test('finished in time on a provider’s route: its own body', async () => {
    const { ask } = createRig(saying('Hello'))
    const headers = { prefer: 'respond-async, wait=20' }
    const response = await ask('POST', '/chat/completions', { json: { ...CHAT, stream: true }, headers })
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { object: 'chat.completion', choices: [{ message: { content: 'Hello' } }] },
    ])
  })

  test.each(['/streams', '/chat/completions'])('not finished in time: 202 and where it goes on (%s)', async (url) => {
    const world = arrange()
    const { runtime, script, start } = world
    const answer = start('respond-async, wait=20', {}, url)
    await runtime.advance(10_000)
    script.give('Hel')
    await runtime.advance(9_999)
    let settled = false
    void answer.then(() => (settled = true))
    await drainMicrotasks()
    expect(settled).toBe(false)
    await runtime.advance(1)
    const response = await answer
    const id = response.headers.get('sluice-stream-id')!
    expect(response.status).toBe(202)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: `/v1/streams/${id}`,
      'retry-after': '1',
      'preference-applied': 'respond-async',
      'cache-control': 'no-store',
      vary: 'Prefer, Accept, Authorization, Cookie, Last-Event-ID',
    })
    expect(await response.json()).toEqual({ id, cursor: `${id}.1.1`, status: 'running' })
    script.give('lo')
    script.finish()
    await runtime.flush()
    expect(lineTextOf(await poll(world, id))).toBe('Hello')
  })

  test('without a wait, or with none: 202 at once', async () => {
    const { start } = arrange()
    for (const prefer of ['respond-async', 'respond-async, wait=0', 'wait=-3, respond-async']) {
      const response = await start(prefer)
      expect([response.status, response.headers.get('retry-after')]).toEqual([202, '1'])
      expect(await response.json()).toMatchObject({ status: 'waiting' })
    }
  })

  test('contract 9: goes on without anybody, as a background stream does', async () => {
    const { runtime, sluice, script, start } = arrange('cancel')
    const answer = start('respond-async, wait=1')
    await runtime.advance(1_000)
    const { id } = (await (await answer).json()) as { id: string }
    await runtime.advance(600_000 / 20)
    script.give('Hello')
    script.finish()
    await runtime.flush()
    expect(await sluice.info({ id }, { as: 'server' })).toMatchObject({ status: 'ended', end: { complete: true } })
  })

  test('contract 9: under a policy of its own, who was told to come back has 15 s', async () => {
    const world = arrange()
    const { runtime, sluice, start } = world
    const json = { ...CHAT, sluice: { onDisconnect: 'cancel' } }
    const answers = [start('respond-async, wait=1', { json }), start('respond-async, wait=1', { json })]
    await runtime.advance(1_000)
    const [come, gone] = (await Promise.all((await Promise.all(answers)).map((response) => response.json()))) as [
      { id: string },
      { id: string },
    ]
    await runtime.advance(14_000)
    const waiting = poll(world, come.id, { wait: 50 })
    await runtime.advance(1_000)
    expect((await sluice.info({ id: gone.id }, { as: 'server' })).end).toMatchObject({ cause: 'disconnect' })
    expect((await sluice.info({ id: come.id }, { as: 'server' })).end).toBeUndefined()
    await sluice.cancel({ id: come.id }, { as: 'server' })
    await runtime.flush()
    await waiting
  })

  test('contract 2: a source that fails in time is told as an error', async () => {
    const { runtime, script, start } = arrange()
    const answer = start('respond-async, wait=20')
    script.fail(new Error('secret'))
    await runtime.flush()
    const response = await answer
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'SLUICE_ERR_SOURCE' }])
  })

  test('contract 14: of a wait that was in vain, or left, nothing remains', async () => {
    const { runtime, sluice, start } = arrange()
    const leaving = new AbortController()
    const { signal } = new AbortController()
    const left = start('respond-async, wait=50', { signal: leaving.signal })
    const late = start('respond-async, wait=5', { signal })
    await runtime.advance(1_000)
    leaving.abort()
    await runtime.flush()
    expect((await left).status).toBe(499)
    await runtime.advance(4_000)
    expect((await late).status).toBe(202)
    expect([getEventListeners(leaving.signal, 'abort'), getEventListeners(signal, 'abort')]).toEqual([[], []])
    // Until their sources have taken too long for a first word.
    await runtime.advance(130_000)
    expect([sluice.stats().pending, sluice.stats().producing]).toEqual([0, 0])
  })

  test('a wait that is none is refused before anything is started', async () => {
    const { sluice, script, start } = arrange()
    const response = await start('respond-async, wait=soon')
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('wait')])
    expect([script.calls, sluice.stats().producing]).toEqual([0, 0])
  })

  test('a wait alone changes nothing of a start', async () => {
    const { ask } = createRig(saying('Hello'))
    const response = await ask('POST', '/streams', { json: CHAT, headers: { prefer: 'wait=soon' } })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    await response.text()
  })
})
