import { describe, expect, test } from 'vitest'
import { chatOnce } from '../../rig/chat-request.ts'
import { JSON_LOG, type Line, linesOf } from '../../rig/json-log.ts'
import { freePort } from '@sluice/testing/proxy'
import { answering, startFront } from '../../rig/recording-backend.ts'
import { type CliRun, spawnGateway } from '../../rig/spawned-gateway.ts'
import { chunk } from '../../rig/stage.ts'

const failuresOf = (run: CliRun): Line[] =>
  linesOf(run).filter(({ message }) => / failed$|refused a request$/.test(message))

describe('a backend that answers', () => {
  test.each([200, 307, 401, 404, 500, 503])(
    'is no line, whatever it answers to the question at the start (%i)',
    async (status) => {
      await using front = await startFront(JSON_LOG, {}, answering(status, {}, 'no JSON'))
      front.backend.answer = answering(
        200,
        { 'content-type': 'text/event-stream' },
        `${chunk({ content: 'a' })}data: [DONE]\n\n`,
      )
      expect((await chatOnce(front.gateway.url)).status).toBe(200)
      expect(front.gateway.stderr).toBe('')
    },
  )

  test('and is at an address without a version is warned of', async () => {
    await using gateway = await spawnGateway(['--upstream', `http://127.0.0.1:${await freePort()}`])
    await expect.poll(() => gateway.stderr.split('\n')[0]).toMatch(/^\S+ warn {2}--upstream has no version.*\/v1/)
  })

  const EVENTS = { 'content-type': 'text/event-stream' }
  const cases: readonly (readonly [string, Parameters<typeof answering>, number])[] = [
    ['status', [429, { 'x-request-id': 'up-1' }, '{"error":{"message":"slow"}}'], 429],
    ['status', [500, { 'content-type': 'text/plain' }, 'CUDA out of memory'], 500],
    ['redirect', [307, { location: 'http://127.0.0.1:9/elsewhere' }, ''], 502],
    ['encoding', [200, { ...EVENTS, 'content-encoding': 'lzma' }, 'x'], 502],
    ['encoding', [200, { ...EVENTS, 'content-encoding': 'gzip' }, 'no gzip'], 200],
    ['answer', [200, EVENTS, chunk({ content: 'half' })], 200],
  ]

  test.each(cases)('with what fails (%s %j): one line says why', async (reason, answer, told) => {
    const [status, headers] = answer
    await using front = await startFront(JSON_LOG)
    front.backend.answer = answering(...answer)
    const response = await chatOnce(front.gateway.url)
    expect(response.status).toBe(told)
    const stream = response.headers.get('sluice-stream-id')
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ message: 'An answer failed', reason, status, stream, request: 'chat-1' }])
    const [line] = failuresOf(front.gateway)
    expect(line?.backendRequest).toBe(headers['x-request-id'])
    expect(line?.why).not.toBe('')
  })

  test('with an error on a path that is passed on: one line says so', async () => {
    await using front = await startFront(JSON_LOG)
    front.backend.answer = answering(503, { 'x-request-id': 'up-1' }, 'no')
    await (await fetch(`${front.api}/models?key=secret`, { headers: { 'x-request-id': 'mine' } })).text()
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ reason: 'status', status: 503, request: 'mine', backendRequest: 'up-1', path: '/v1/models' }])
    expect(front.gateway.stderr).not.toContain('secret')
  })

  test('and breaks off: one line', async () => {
    await using front = await startFront(JSON_LOG)
    front.backend.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ content: 'half' }), () => response.destroy())
    }
    await chatOnce(front.gateway.url)
    await expect.poll(() => linesOf(front.gateway)).toMatchObject([{ message: 'An answer failed', reason: 'reset' }])
  })

  test('too late: one line, and the limit is named with its value in the answer', async () => {
    await using front = await startFront([...JSON_LOG, '--first-token-ms', '150'])
    front.backend.answer = () => {}
    const response = await fetch(`${front.api}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [] }),
    })
    expect(response.status).toBe(504)
    expect(await response.text()).toContain('deadlines.firstTokenMs (150 ms)')
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ message: 'An answer failed', reason: 'deadline', why: expect.stringContaining('150 ms') }])
  })

  test('to a client that leaves: no line', async () => {
    await using front = await startFront(['--on-disconnect', 'cancel', ...JSON_LOG])
    const asked = Promise.withResolvers<void>()
    front.backend.answer = (response) => {
      response.on('close', () => asked.resolve())
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ content: 'a' }))
    }
    const left = new AbortController()
    const response = await fetch(`${front.api}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [], stream: true }),
      signal: left.signal,
    })
    await response.body?.getReader().read()
    left.abort()
    await asked.promise
    // A line of what fails afterwards would stand behind it.
    front.backend.answer = answering(500, {}, 'no')
    await chatOnce(front.gateway.url)
    await expect.poll(() => linesOf(front.gateway)).toMatchObject([{ reason: 'status', status: 500 }])
  })
})
