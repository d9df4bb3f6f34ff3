import { createSluice } from '@sluice/core'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { DEFAULT_MAX_BODY_BYTES, toHttpRequest } from '@sluice/http'

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null

function post(body: Body, headers: Record<string, string> = {}): Request {
  return new Request('http://sluice.test/v1/streams?after=now', {
    method: 'POST',
    body,
    headers,
    duplex: 'half',
  } as RequestInit)
}

test('a fetch request is read as it is', async () => {
  const raw = post('{"a":[1,"\u00e9"]}', { 'Last-Event-ID': 'x.1.2' })
  const request = toHttpRequest(raw, { mount: '/v1' })
  expect(request).toMatchObject({ method: 'POST', path: '/streams', mount: '/v1', raw })
  expect(request.query.get('after')).toBe('now')
  expect([request.header('last-event-id'), request.header('origin')]).toEqual(['x.1.2', undefined])
  expect(await request.body()).toEqual({ a: [1, 'é'] })
})

test('a path elsewhere is none of ours', () => {
  expect(toHttpRequest(post(null), { mount: '/v2' }).path).toBe('')
  expect(toHttpRequest(post(null), { mount: '/v' }).path).toBe('')
  expect(toHttpRequest(post(null), { mount: '/v1/streams' }).path).toBe('/')
  expect(toHttpRequest(post(null)).path).toBe('/v1/streams')
})

test.each([
  ['nothing', null, {}, 400, 'SLUICE_ERR_REQUEST'],
  ['what is no JSON', '{', {}, 400, 'SLUICE_ERR_REQUEST'],
  ['what is no UTF-8', new Uint8Array([34, 0xff, 34]), {}, 400, 'SLUICE_ERR_REQUEST'],
  ['what is compressed', '{}', { 'content-encoding': 'gzip' }, 415, 'SLUICE_ERR_REQUEST'],
  ['too much', 'x'.repeat(DEFAULT_MAX_BODY_BYTES + 1), {}, 413, 'SLUICE_ERR_TOO_LARGE'],
] as [string, Body, Record<string, string>, number, string][])(
  'refuses %s',
  async (...[, body, headers, status, code]) => {
    await expect(toHttpRequest(post(body, headers)).body()).rejects.toMatchObject({ code, status })
  },
)

test('stops receiving a body that is too long', async () => {
  let pulled = 0
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++
      controller.enqueue(new Uint8Array(1024))
    },
    cancel: () => {
      cancelled = true
    },
  })
  await expect(toHttpRequest(post(endless), { maxBodyBytes: 4096 }).body()).rejects.toMatchObject({ status: 413 })
  expect(pulled).toBeLessThan(16)
  expect(cancelled).toBe(true)
})

test('a fetch body is counted while it comes, and given up when its time is over or there is too much', async () => {
  const runtime = createVirtualRuntime()
  const { bodies } = createSluice({ runtime, bodies: { graceMs: 100, totalBytes: 10 } })
  const given: Promise<unknown>[] = []
  const open = (): { give: (text: string) => void; body: Promise<unknown> } => {
    let stream!: ReadableStreamDefaultController<Uint8Array>
    const readable = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) })
    const body = toHttpRequest(post(readable)).body(bodies)
    given.push(body.catch(() => {}))
    return { give: (text) => stream.enqueue(new TextEncoder().encode(text)), body }
  }
  const [one, other] = [open(), open()]
  one.give('{"a":')
  await expect.poll(() => bodies.bytes).toBe(5)
  other.give('{"abc":1')
  await expect(other.body).rejects.toMatchObject({ status: 503, retryAfterMs: 1_000 })
  expect(bodies.bytes).toBe(5)
  await runtime.advance(102)
  await expect(one.body).rejects.toMatchObject({ status: 408 })
  expect(bodies.bytes).toBe(0)
})

test.each([Number.NaN, 0, -1, Infinity, '1mb'])('contract 6: %s is no limit of a body', async (maxBodyBytes) => {
  const request = toHttpRequest(post('{}'), { maxBodyBytes: maxBodyBytes as never })
  await expect(request.body()).rejects.toMatchObject({
    code: 'SLUICE_ERR_OPTION',
    message: expect.stringContaining('maxBodyBytes') as string,
  })
})
