import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../../rig/native-client.ts'
import { MESSAGES, type Stage, startStage } from '../../rig/stage.ts'
import { talking } from '../../rig/talking-streams.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('starting', () => {
  test('in the background: 202, where it is, and it runs without a reader', async () => {
    const backend = talking(stage)
    const { status, headers, value } = await askJson(`${stage.api}/streams`, {
      method: 'POST',
      body: { model: backend.model, messages: MESSAGES, background: true },
    })
    expect(status).toBe(202)
    expect(value).toMatchObject({ id: expect.any(String), cursor: expect.any(String), status: 'waiting' })
    expect(headers.get('location')).toBe(`/v1/streams/${String(value.id)}`)
    await backend.say('abc')
    await backend.finish()
    await using reading = await attachNative(`${stage.api}/streams/${String(value.cursor)}`)
    expect(textOf(await readUntil(reading, 'end'))).toBe('abc')
    expect((await backend.exchange()).body).not.toHaveProperty('background')
  })

  test('without streaming: one body, once it has ended', async () => {
    const backend = talking(stage)
    const answer = askJson(`${stage.api}/streams`, {
      method: 'POST',
      body: { model: backend.model, messages: MESSAGES, stream: false },
    })
    await backend.say('abc')
    await backend.finish()
    expect((await answer).value).toMatchObject({ status: 'ended', text: 'abc', end: { complete: true } })
  })

  test('twice with one Idempotency-Key: one stream; with another body: 422', async () => {
    const backend = talking(stage)
    const headers = { 'idempotency-key': `key-${Math.random()}` }
    await using first = await startNative(stage.api, { model: backend.model }, headers)
    await using again = await startNative(stage.api, { model: backend.model }, headers)
    expect(again.id).toBe(first.id)
    await backend.say('abc')
    await backend.finish()
    expect(textOf(await readUntil(first, 'end'))).toBe('abc')
    expect(textOf(await readUntil(again, 'end'))).toBe('abc')
    await using late = await startNative(stage.api, { model: backend.model }, headers)
    expect(textOf(await readUntil(late, 'end'))).toBe('abc')
    const other = await startNative(stage.api, { model: backend.model, temperature: 1 }, headers)
    expect(other.response.status).toBe(422)
    expect(stage.backend.exchanges.filter(({ body }) => body.model === backend.model)).toHaveLength(1)
  })

  test('with a body that is none: 400 and 415', async () => {
    const post = (body: string, type = 'application/json'): Promise<Response> =>
      fetch(`${stage.api}/streams`, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await post('{"a":')).status).toBe(400)
    expect((await post('[]')).status).toBe(400)
    expect((await post('{"__proto__":{"stream":false}}')).status).toBe(400)
    expect((await post('{}', 'text/plain')).status).toBe(415)
    expect((await post('{"sluice":{"nonsense":1}}')).status).toBe(400)
  })
})
