import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../../rig/native-client.ts'
import { type Stage, startStage } from '../../rig/stage.ts'
import { ended, running, talking } from '../../rig/talking-streams.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('ending', () => {
  test('cancel: 200 with the end, again and again, and the backend is left', async () => {
    const { url, exchange, started } = await running(stage)
    const first = await askJson(`${url}/cancel`, { method: 'POST' })
    expect(first).toMatchObject({
      status: 200,
      value: { status: 'ended', end: { reason: 'cancelled', cause: 'client' } },
    })
    await (
      await exchange()
    ).closed
    expect((await readUntil(started, 'end')).at(-1)?.data).toContain('"cancelled"')
    expect((await askJson(`${url}/cancel`, { method: 'POST' })).value).toEqual(first.value)
    const over = await ended(stage)
    const late = await askJson(`${over.url}/cancel`, { method: 'POST' })
    expect(late).toMatchObject({ status: 200, value: { end: { reason: 'stop', complete: true } } })
  })

  test('erase: 200, then 410 for everything', async () => {
    const { url, exchange } = await running(stage)
    const erased = await askJson(url, { method: 'DELETE' })
    expect(erased).toMatchObject({ status: 200, value: { status: 'ended', end: { reason: 'cancelled' } } })
    await (
      await exchange()
    ).closed
    expect((await askJson(url)).status).toBe(410)
    expect((await askJson(`${url}/cancel`, { method: 'POST' })).status).toBe(410)
    expect((await askJson(`${url}/send`, { method: 'POST', body: {} })).status).toBe(410)
    expect((await askJson(url, { method: 'DELETE' })).status).toBe(410)
  })
})

describe('flow control and feedback', () => {
  test('credit holds a reader back, and lets it go on', async () => {
    const backend = talking(stage)
    await using started = await startNative(stage.api, { model: backend.model })
    await using limited = await attachNative(`${started.location}?reader=phone`)
    await readUntil(limited, 'opened')
    const ack = (cursor: string, credit: number) =>
      askJson(`${started.location}/ack`, { method: 'POST', body: { reader: 'phone', cursor, credit } })
    expect(await ack(`${started.id}.1.0`, 2)).toMatchObject({ status: 200, value: { readers: 1 } })
    await backend.say('a', 'b', 'c', 'd', 'e')
    await backend.finish()
    await readUntil(started, 'end')
    const held: string[] = []
    while (textOf(held.map((data) => ({ event: 'text', data, id: undefined }))) !== 'ab')
      held.push((await readUntil(limited, 'text')).at(-1)!.data)
    const next = readUntil(limited, 'end')
    // Absolute: what was granted before is granted still, and no more.
    await ack(`${started.id}.1.1`, 1)
    await ack(`${started.id}.1.2`, 100)
    expect(textOf(await next)).toBe('cde')
    expect((await ack('x', 1)).status).toBe(400)
    expect((await askJson(`${started.location}/ack`, { method: 'POST', body: { reader: 'phone' } })).status).toBe(400)
  })

  test('send: 202 while it runs, 409 after its end', async () => {
    const { url, finish, started } = await running(stage)
    expect((await askJson(`${url}/send`, { method: 'POST', body: { approve: true } })).status).toBe(202)
    await finish()
    await readUntil(started, 'end')
    const late = await askJson(`${url}/send`, { method: 'POST', body: { approve: true } })
    expect(late).toMatchObject({ status: 409, value: { code: 'SLUICE_ERR_ALREADY_ENDED' } })
  })
})
