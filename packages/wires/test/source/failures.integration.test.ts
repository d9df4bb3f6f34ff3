import { isSluiceError } from '@sluice/core'
import { quiet } from '@sluice/testing/patience'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answers, BODY, openingError, readFailing } from '../rig/chat-backend.ts'
import { chunk, DONE, startBackend } from '../rig/fake-backend.ts'
import { call, eventsOf, readUntilError, text } from '../rig/reading.ts'

describe('failures before the stream', () => {
  test("throws the backend's status, wish for a retry and body", async () => {
    const own = { error: { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate' } }
    const error = await openingError(({ response }) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7', 'retry-after-ms': '1500' })
      response.end(JSON.stringify(own))
    })
    expect(isSluiceError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 429, retryAfterMs: 1500, extra: own })
    expect((error as Error).message).toContain('slow down')
  })

  test.each([
    ['3', 3000],
    [new Date(Date.now() + 60_000).toUTCString(), expect.toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)],
    ['-1', undefined],
    ['soon', undefined],
  ])('reads retry-after %s', async (wish, retryAfterMs) => {
    const error = await openingError(({ response }) => response.writeHead(503, { 'retry-after': wish }).end())
    expect(error).toMatchObject({ status: 503, extra: undefined })
    expect((error as { retryAfterMs?: number }).retryAfterMs).toEqual(retryAfterMs)
  })

  test('is a 502 when nobody answers', async () => {
    const gone = await startBackend(() => {})
    const { baseUrl } = gone
    await gone[Symbol.asyncDispose]()
    const { error } = await readUntilError(openAiChatSource({ baseUrl, body: BODY }))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502, cause: expect.any(Error) })
  })
})

describe('failures in the stream', () => {
  const first = chunk({ content: 'a' })
  const own = { message: 'boom', type: 'server_error', param: null, code: 'x' }

  test.each([
    [`data: ${JSON.stringify({ error: own })}\n\n`],
    [`event: error\ndata: ${JSON.stringify({ error: own })}\n\n`],
    [`event: error\ndata: ${JSON.stringify(own)}\n\n`],
  ])('throws the error the backend reports, after what came before it (%#)', async (line) => {
    const { events, error } = await readFailing(answers(first + chunk({ content: 'b' }) + line + DONE))
    expect(events).toEqual([text('a'), text('b')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502, extra: { error: own } })
  })

  test.each([
    ['ends without [DONE]', first],
    [
      'ends without [DONE] and one of its choices has not finished',
      first + chunk({ content: 'b' }, { index: 1 }) + chunk({}, { finish: 'stop' }),
    ],
    ['ends in the middle of [DONE]', `${first}${chunk({}, { finish: 'stop' })}data: [DON`],
    ['ends in the middle of a chunk after the finish', `${first}${chunk({}, { finish: 'stop' })}data: {"cho`],
    ['ends inside of a line', `${first}data: [DO`],
    ['sends what is not JSON', `${first}data: {"choices":[{"del\n\n${DONE}`],
    ['sends JSON that is no object', `${first}data: 1\n\n${DONE}`],
    ['gives up by finish reason', first + chunk({}, { finish: 'error' }) + DONE],
  ])('rule 2: fails when the backend %s', async (_, bytes) => {
    const { events, error } = await readFailing(answers(bytes))
    expect(events.slice(0, 1)).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502 })
  })

  test('rule 2: fails when the backend dies', async () => {
    const { events, error } = await readFailing(async (exchange) => {
      exchange.stream()
      await exchange.send(first)
      await quiet()
      exchange.die()
    })
    expect(events).toEqual([text('a')])
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', cause: expect.any(Error) })
  })

  test('opens a call whose name was still awaited when the backend fails', async () => {
    const call0 = chunk({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f' } }] })
    const { events } = await readFailing(answers(`${call0}data: {"error":{"message":"m"}}\n\n`))
    expect(events).toEqual([call('x', 'f')])
  })

  test('does not wait for a backend that keeps its body open after [DONE]', async () => {
    await using backend = await startBackend(async (exchange) => {
      exchange.stream()
      await exchange.send(first, DONE)
    })
    const source = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })
    expect(await eventsOf(source)).toEqual([text('a')])
    await (
      await backend.first()
    ).closed
  })
})
