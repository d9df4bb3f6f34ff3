import { isSluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { readRefusal } from '../../src/link/refusal.ts'

const problem = (code: string): string => JSON.stringify({ type: 'about:blank', title: '', detail: 'In words.', code })

function answer(status: number, body: string | null, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers })
}

const HTML = { 'content-type': 'text/html' }
const PROBLEM = { 'content-type': 'application/problem+json' }

describe('contract 2: what is no stream', () => {
  test.each([
    ['a page with status 200 (a captive portal)', answer(200, '<html>', HTML), 'broken', 'SLUICE_ERR_PARSE'],
    ['JSON with status 200', answer(200, '{}', { 'content-type': 'application/json' }), 'broken', 'SLUICE_ERR_PARSE'],
    ['nothing with status 200', answer(200, null), 'broken', 'SLUICE_ERR_PARSE'],
    ['the page of a proxy, 502', answer(502, '<html>', HTML), 'broken', 'SLUICE_ERR_READING_CLOSED'],
    ['504', answer(504, null), 'broken', 'SLUICE_ERR_READING_CLOSED'],
    ['408', answer(408, null), 'broken', 'SLUICE_ERR_REQUEST'],
    ['425', answer(425, null), 'broken', 'SLUICE_ERR_REQUEST'],
    ['429', answer(429, null), 'broken', 'SLUICE_ERR_RATE'],
    ['503 in sluice’s words', answer(503, problem('SLUICE_ERR_DRAINING'), PROBLEM), 'broken', 'SLUICE_ERR_DRAINING'],
    ['400', answer(400, null), 'refused', 'SLUICE_ERR_REQUEST'],
    ['401', answer(401, null), 'refused', 'SLUICE_ERR_UNAUTHORIZED'],
    ['404', answer(404, '<html>', HTML), 'refused', 'SLUICE_ERR_NOT_FOUND'],
    ['410', answer(410, problem('SLUICE_ERR_CURSOR_TRIMMED'), PROBLEM), 'refused', 'SLUICE_ERR_CURSOR_TRIMMED'],
    ['501', answer(501, null), 'refused', 'SLUICE_ERR_READING_CLOSED'],
    [
      'a backend that failed, told as 502',
      answer(502, problem('SLUICE_ERR_BACKEND'), PROBLEM),
      'refused',
      'SLUICE_ERR_BACKEND',
    ],
    [
      'a source that failed, told as 429',
      answer(429, problem('SLUICE_ERR_SOURCE'), PROBLEM),
      'refused',
      'SLUICE_ERR_SOURCE',
    ],
  ])('%s is never data, and never an end', async (_, response, type, code) => {
    const { status } = response
    const refusal = await readRefusal(response, 0)
    expect(refusal).toMatchObject({ type, error: { code } })
    expect(isSluiceError(refusal.error)).toBe(true)
    if (status !== 200) expect(refusal.error.status).toBe(status)
  })

  test('is told in the server’s words where these are sluice’s, and a proxy’s page is not repeated', async () => {
    const { error } = await readRefusal(answer(404, problem('SLUICE_ERR_NOT_FOUND'), PROBLEM), 0)
    expect(error.message).toBe('In words.')
    const page = await readRefusal(answer(404, '<script>', HTML), 0)
    expect(page.error.message).toBe('The answer had the status 404.')
  })

  test('is read no further than a refusal can be long', async () => {
    let pulled = 0
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_024).fill(++pulled && 32)),
    })
    const { error } = await readRefusal(new Response(body, { status: 500, headers: PROBLEM }), 0)
    expect(error.code).toBe('SLUICE_ERR_READING_CLOSED')
    expect(pulled).toBeLessThan(32)
  })

  test.each([
    ['seconds', '7', 7_000],
    ['a date', 'Thu, 01 Jan 1970 00:01:00 GMT', 59_000],
    ['a date that is over', 'Thu, 01 Jan 1970 00:00:00 GMT', undefined],
    ['neither', 'soon', undefined],
  ])('says in %s when it is worth another attempt', async (_, value, retryAfterMs) => {
    const refusal = await readRefusal(answer(503, null, { 'retry-after': value }), 1_000)
    expect(refusal.error.retryAfterMs).toBe(retryAfterMs)
  })
})
