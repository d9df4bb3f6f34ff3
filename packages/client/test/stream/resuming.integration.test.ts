import type { IncomingMessage, ServerResponse } from 'node:http'
import { attach, start } from '@sluice/client'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { until } from '@sluice/testing/patience'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'
import { startStreamServer } from '../rig/stream-server.ts'

const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)
const WHOLE = TOKENS.join('')

describe('contract 1: what is cut goes on where it was', () => {
  test.each(['rst', 'fin', 'half-close'] as const)('after a %s in the middle, told as resuming', async (how) => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const proxy = await startChaosProxy({ target: { port: server.port } })
    onTestFinished(() => proxy.close())
    const statuses: string[] = []
    const onStatus = (status: string): void => void statuses.push(status)
    const stream = start(
      server.streams.replace(String(server.port), String(proxy.port)),
      {},
      { resume: QUICK, onStatus },
    )
    const text = stream.text()
    cued.say(...TOKENS.slice(0, 100))
    await until(() => stream.status === 'streaming')
    proxy.cut({ how })
    await until(() => statuses.includes('resuming'))
    cued.say(...TOKENS.slice(100))
    cued.finish()
    expect(await text).toBe(WHOLE)
    expect(statuses).toEqual(['waiting', 'streaming', 'resuming', 'streaming', 'ended'])
    expect(cued.started).toBe(1)
  })

  test('a start whose answer is lost is not run twice', async () => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const proxy = await startChaosProxy({ target: { port: server.port } })
    onTestFinished(() => proxy.close())
    proxy.cut({ how: 'rst', afterBytes: 1 })
    const stream = start(server.streams.replace(String(server.port), String(proxy.port)), {}, { resume: QUICK })
    cued.say('once')
    cued.finish()
    expect(await stream.text()).toBe('once')
    expect(server.asked.filter((asked) => asked.startsWith('POST')).length).toBe(2)
    expect(cued.started).toBe(1)
  })

  test('a start that must not be repeated fails instead', async () => {
    const server = await startStreamServer({ run: () => () => ['x'] })
    server.intercept = (request) => Boolean(request.socket.destroy())
    const stream = start(server.streams, {}, { resume: QUICK, idempotencyKey: false })
    await expect(stream.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_READING_CLOSED' })
    expect(server.asked.length).toBe(1)
  })

  test('a reading that the server sends away to come back is not told so', async () => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source, sluice: { reader: { rotateAfterMs: 200 } } })
    cued.say('a')
    const first = start(server.streams, {}, { resume: QUICK })
    await until(() => first.bookmark !== undefined)
    first.detach()
    const statuses: string[] = []
    const stream = attach(first.bookmark!, { onStatus: (status) => void statuses.push(status) })
    const text = stream.text()
    await until(() => server.asked.filter((asked) => asked.startsWith('GET')).length > 2)
    cued.say('b')
    cued.finish()
    expect(await text).toBe('ab')
    expect(statuses).toEqual(['waiting', 'streaming', 'ended'])
  })
})

const head = (response: ServerResponse, status: number, headers: Record<string, string> = {}): ServerResponse =>
  response.writeHead(status, headers)
const HTML = { 'content-type': 'text/html' }
const SSE = { 'content-type': 'text/event-stream' }

describe('contract 2: what stands in place of the stream is never data, and never an end', () => {
  test.each<[string, (response: ServerResponse, request: IncomingMessage) => unknown]>([
    ['a page with 200', (response) => head(response, 200, HTML).end('<p>Log in</p>')],
    ['a page with 502', (response) => head(response, 502, HTML).end('<p>Bad gateway</p>')],
    ['504', (response) => head(response, 504).end()],
    ['503 with Retry-After', (response) => head(response, 503, { 'retry-after': '0' }).end()],
    ['a redirect to a page', (response) => head(response, 302, { location: '/login' }).end()],
    ['a redirect to nowhere', (response) => head(response, 302, { location: 'http://127.0.0.1:1/' }).end()],
    ['nothing with 200', (response) => head(response, 200).end()],
    ['an event stream with nothing in it', (response) => head(response, 200, SSE).end()],
    ['another event stream', (response) => head(response, 200, SSE).end('event: text\ndata: {"text":"wrong"}\n\n')],
    ['an event stream that is none', (response) => head(response, 200, SSE).end('event: opened\ndata: nonsense\n\n')],
    [
      'an end that does not say whether it is complete',
      (response) => head(response, 200, SSE).end('event: opened\ndata: {"id":"x"}\n\nevent: end\ndata: {}\n\n'),
    ],
    ['a connection that is dropped', (_, request) => request.socket.destroy()],
  ])('%s', async (_, answer) => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const first = start(server.streams, {}, { resume: QUICK })
    cued.say(...TOKENS)
    cued.finish()
    await first.ended
    const { id } = first
    let answered = 0
    server.intercept = (request, response) => {
      if (request.url?.startsWith('/login')) return head(response, 200, HTML).end('<p>Log in</p>') !== undefined
      if (++answered > 3) return false
      answer(response, request)
      return true
    }
    const stream = attach({ id: id! }, { streams: server.streams, resume: QUICK })
    expect(await stream.text()).toBe(WHOLE)
    expect(answered).toBeGreaterThan(3)
  })

  test.each([
    [400, 'SLUICE_ERR_REQUEST'],
    [403, 'SLUICE_ERR_REQUEST'],
    [404, 'SLUICE_ERR_NOT_FOUND'],
    [410, 'SLUICE_ERR_GONE'],
  ])('%s is final: it is not asked again', async (status, code) => {
    const server = await startStreamServer({ run: () => () => [] })
    server.intercept = (_, response) => Boolean(head(response, status).end())
    const stream = attach({ id: 'some' }, { streams: server.streams, resume: QUICK })
    await expect(stream.text()).rejects.toMatchObject({ code, status })
    expect([server.asked.length, stream.status, stream.error?.status]).toEqual([1, 'ended', status])
  })

  test('a server that is never there is given up, with a reason', async () => {
    const stream = attach(
      { id: 'some' },
      { streams: 'http://127.0.0.1:1/v1/streams', resume: { ...QUICK, maxAttempts: 3 } },
    )
    await expect(stream.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_READING_CLOSED' })
  })
})
