import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, readUntil, startNative } from '../../rig/native-client.ts'
import { type Stage, startStage } from '../../rig/stage.ts'
import { talking } from '../../rig/talking-streams.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('information', () => {
  test('follows the stream from waiting over running to its end', async () => {
    const backend = talking(stage)
    await using started = await startNative(stage.api, { model: backend.model, sluice: { key: 'info-1' } })
    const waiting = await askJson(started.location)
    expect(waiting.value).toMatchObject({ id: started.id, key: 'info-1', status: 'waiting' })
    expect(waiting.value).not.toHaveProperty('end')
    await backend.say('abc')
    await readUntil(started, 'text')
    expect((await askJson(started.location)).value).toMatchObject({ status: 'running' })
    expect((await askJson(`${stage.api}/streams?key=info-1`)).value).toMatchObject({ id: started.id })
    await backend.finish()
    const { id: endCursor } = (await readUntil(started, 'end')).at(-1)!
    const { status, headers, value } = await askJson(`${started.location}?include=result`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(value).toMatchObject({
      status: 'ended',
      cursor: endCursor,
      end: { reason: 'stop', complete: true },
      text: 'abc',
      events: [
        { type: 'text', text: 'abc' },
        { type: 'finish', reason: 'stop' },
      ],
      timing: { createdAtMs: expect.any(Number), durationMs: expect.any(Number) },
    })
    expect((await askJson(started.location)).value).not.toHaveProperty('text')
  })

  test('a key: 307 to its live stream, 204 when none runs', async () => {
    const backend = talking(stage)
    await using started = await startNative(stage.api, { model: backend.model, sluice: { key: 'chat 1/ü' } })
    const find = `${stage.api}/streams?key=${encodeURIComponent('chat 1/ü')}`
    const found = await fetch(find, { redirect: 'manual', headers: { accept: 'text/event-stream' } })
    expect([found.status, found.headers.get('location')]).toEqual([307, `/v1/streams/${started.id}`])
    await backend.finish()
    await readUntil(started, 'end')
    expect((await fetch(find, { redirect: 'manual' })).status).toBe(204)
    expect((await askJson(find)).status).toBe(204)
    expect((await fetch(`${stage.api}/streams`)).status).toBe(400)
  })
})
