import { immediate } from '@sluice/core'
import { isSettled } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, createScript, eventsOf, saying, textOf, until } from '../rig/rig.ts'

describe('cancel and erase', () => {
  test('cancel ends the stream for everyone, and may be repeated', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    script.open()
    const reading = await ask('POST', '/streams', { json: CHAT })
    const id = reading.headers.get('sluice-stream-id')
    const answers = [await ask('POST', `/streams/${id}/cancel`), await ask('POST', `/streams/${id}/cancel`)]
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as unknown[]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(bodies[0]).toMatchObject({ id, status: 'ended', end: { reason: 'cancelled', cause: 'client' } })
    expect(bodies[1]).toEqual(bodies[0])
    expect(script.signal?.aborted).toBe(true)
    expect((await eventsOf(reading)).at(-1)?.event).toBe('end')
  })

  test('cancel of a stream that ended by itself tells that end', async () => {
    const { ask, sluice } = createRig(saying('x'))
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    await until(() => sluice.stats().producing === 0)
    const answer = await ask('POST', `/streams/${id}/cancel`)
    expect(await answer.json()).toMatchObject({ status: 'ended', end: { reason: 'stop', complete: true } })
  })

  test('DELETE cancels and forgets', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    script.open()
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    const erased = await ask('DELETE', `/streams/${id}`)
    expect([erased.status, await erased.json()]).toMatchObject([
      200,
      { id, status: 'ended', end: { reason: 'cancelled' } },
    ])
    for (const [method, path] of [
      ['GET', `/streams/${id}`],
      ['DELETE', `/streams/${id}`],
      ['POST', `/streams/${id}/cancel`],
    ] as const) {
      const answer = await ask(method, path)
      expect([answer.status, await answer.json()]).toMatchObject([410, { code: 'SLUICE_ERR_GONE' }])
    }
  })
})

describe('ack', () => {
  test('grants a named reader credit past a cursor, absolutely', async () => {
    const script = createScript()
    const { ask } = createRig(script.source, { sluice: { reader: { chunking: immediate() } } })
    script.open()
    const { id } = (await (await ask('POST', '/streams', { json: { ...CHAT, background: true } })).json()) as {
      id: string
    }
    const reading = await ask('GET', `/streams/${id}?reader=page`)
    const ack = (json: unknown): Promise<Response> => ask('POST', `/streams/${id}/ack`, { json })
    const granted = await ack({ reader: 'page', cursor: `${id}.1.0`, credit: 2 })
    expect([granted.status, await granted.json()]).toEqual([200, { id, readers: 1 }])
    await ack({ reader: 'page', cursor: `${id}.1.0`, credit: 2 })
    for (const token of ['a', 'b', 'c', 'd']) script.give(token)
    const reader = reading.body!.pipeThrough(new TextDecoderStream()).getReader()
    let bytes = ''
    while (!bytes.includes('b"}')) bytes += (await reader.read()).value ?? ''
    const { cursor } = (await (
      await ask('GET', `/streams/${id}`, { headers: { accept: 'application/json' } })
    ).json()) as { cursor: string }
    expect(cursor).toBe(`${id}.1.4`)
    const more = reader.read()
    expect([await isSettled(more), /"text":"(ab)?c/.test(bytes)]).toEqual([false, false])
    await ack({ reader: 'page', cursor: `${id}.1.2`, credit: 10 })
    script.finish()
    for (let next = await more; !next.done; next = await reader.read()) bytes += next.value
    expect(bytes).toContain('event: end')
    const texts = [...bytes.matchAll(/"text":"(\w+)"/g)].map(([, text]) => text)
    expect(texts.join('')).toBe('abcd')
  })

  test.each([
    [{ reader: 'r', cursor: 'other.1.1', credit: 1 }, 'SLUICE_ERR_CURSOR_MALFORMED'],
    [{ reader: 'r', cursor: 'x', credit: -1 }, 'SLUICE_ERR_REQUEST'],
    [{ reader: 'r', cursor: 'x', credit: 1.5 }, 'SLUICE_ERR_REQUEST'],
    [{ reader: '', cursor: 'x', credit: 1 }, 'SLUICE_ERR_REQUEST'],
    [{ cursor: 'x', credit: 1 }, 'SLUICE_ERR_REQUEST'],
    ['text', 'SLUICE_ERR_REQUEST'],
  ])('refuses %j', async (json, code) => {
    const { ask } = createRig(saying('x'))
    const id = (await ask('POST', '/streams', { json: CHAT })).headers.get('sluice-stream-id')
    const response = await ask('POST', `/streams/${id}/ack`, { json })
    expect([response.status, await response.json()]).toMatchObject([400, { code }])
  })
})

describe('send', () => {
  test('gives the body to the source\u2019s inbox', async () => {
    const { ask } = createRig(async function* ({ inbox }) {
      for await (const message of inbox) {
        yield JSON.stringify(message)
        return
      }
    })
    const reading = await ask('POST', '/streams', { json: CHAT })
    const id = reading.headers.get('sluice-stream-id')
    const sent = await ask('POST', `/streams/${id}/send`, { json: { approve: [true] } })
    expect([sent.status, await sent.json()]).toEqual([202, { id }])
    expect(textOf(await eventsOf(reading))).toBe('{"approve":[true]}')
    const late = await ask('POST', `/streams/${id}/send`, { json: 1 })
    expect([late.status, await late.json()]).toMatchObject([409, { code: 'SLUICE_ERR_ALREADY_ENDED' }])
  })
})
