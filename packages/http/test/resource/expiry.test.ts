import type { Principal } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createVirtualRuntime } from '../../../testing/src/index.ts'
import { CHAT, createRig, createScript, until } from '../rig/rig.ts'

const NOW_MS = 1_790_000_000_000
beforeEach(() => void vi.spyOn(Date, 'now').mockReturnValue(NOW_MS))
afterEach(() => void vi.restoreAllMocks())

/** Streams that say `Hello` and go on, asked for by somebody who is known for so long. */
function createWorld(knownForMs: number) {
  const runtime = createVirtualRuntime()
  const script = createScript()
  script.open()
  script.give('Hello')
  const identify = (): Principal => ({ owner: 'ada', expiresAtMs: NOW_MS + knownForMs })
  return { runtime, script, ...createRig(script.source, { identify, sluice: { runtime } }) }
}

const stream = { ...CHAT, stream: true }

describe('S5: an answer ends when its reader is known no more', () => {
  test('on the native wire with `closed: unauthorized` and a cursor that stays good, a POST too', async () => {
    const { ask, runtime, sluice } = createWorld(10_000)
    const started = await ask('POST', '/streams', { json: stream })
    const id = started.headers.get('sluice-stream-id')!
    const texts = [started, await ask('GET', `/streams/${id}`)].map((response) => response.text())
    await runtime.advance(9_999)
    expect(sluice.stats().delivering).toBe(2)
    await runtime.advance(1)
    for (const text of await Promise.all(texts)) {
      const data = `{"code":"unauthorized","cursor":"${id}.1.1"}`
      expect(text.endsWith(`data: {"text":"Hello"}\n\nevent: closed\ndata: ${data}\n\n`)).toBe(true)
    }
    expect(await sluice.info({ id }, { as: 'server' })).toMatchObject({ status: 'running' })
  })

  test('contract 2: on OpenAI’s wire with an error and without [DONE]', async () => {
    const { ask, runtime } = createWorld(10_000)
    const text = (await ask('POST', '/chat/completions', { json: stream })).text()
    await runtime.advance(10_000)
    const [, last] = /data: (\{"error".*)\n\n$/.exec(await text)!
    expect(JSON.parse(last!)).toMatchObject({ error: { type: 'authentication_error', code: 'unauthorized' } })
    expect(await text).not.toContain('[DONE]')
  })

  test('and nothing is begun for one who is not known any more', async () => {
    const { ask, sluice } = createWorld(0)
    for (const path of ['/streams', '/chat/completions'])
      expect((await ask('POST', path, { json: stream })).status).toBe(401)
    expect((await ask('GET', '/streams?key=k')).status).toBe(401)
    expect(sluice.stats().producing).toBe(0)
  })

  test('but not the one JSON body that was begun in time', async () => {
    const { ask, runtime, script, bodies } = createWorld(1_000)
    const answer = ask('POST', '/streams', { json: { ...CHAT, stream: false } })
    await until(() => bodies.length > 0)
    await runtime.advance(30_000)
    script.finish()
    await runtime.advance(100)
    expect(await (await answer).json()).toMatchObject({ text: 'Hello', end: { complete: true } })
  })
})
