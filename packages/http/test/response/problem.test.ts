import { SluiceError } from '@sluice/core'
import { toErrorPlan, wireErrorOf } from '@sluice/http'
import { expect, test } from 'vitest'

const bodyOf = (error: unknown, shape?: 'problem' | 'openai'): unknown => {
  const { body = '' } = toErrorPlan(wireErrorOf(error), shape)
  return JSON.parse(body)
}

test('a SluiceError is told with its code, status and message', () => {
  expect(bodyOf(new SluiceError('SLUICE_ERR_NOT_FOUND', 'There is no such stream.'))).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: 'There is no such stream.',
    code: 'SLUICE_ERR_NOT_FOUND',
  })
})

test.each([new Error('secret'), 'secret', undefined, null, Object.freeze({ message: 'secret', status: 200 })])(
  'of anything else nothing is told',
  (error) => {
    for (const shape of ['problem', 'openai'] as const) {
      const text = JSON.stringify(bodyOf(error, shape))
      expect(text).not.toContain('secret')
      expect(text).toContain('SLUICE_ERR_INTERNAL')
    }
    expect(toErrorPlan(wireErrorOf(error)).status).toBe(500)
  },
)

test('causes and foreign bodies stay in the house', () => {
  const error = new SluiceError('SLUICE_ERR_BACKEND', 'Down.', {
    cause: new Error('secret'),
    extra: { error: 'secret' },
  })
  expect(JSON.stringify(bodyOf(error))).not.toContain('secret')
})

test.each([
  [0, '0'],
  [1, '1'],
  [1000, '1'],
  [1001, '2'],
])('Retry-After rounds %d ms up', (retryAfterMs, seconds) => {
  const plan = toErrorPlan({ code: 'X', message: '', status: 429, retryAfterMs })
  expect(plan.headers['retry-after']).toBe(seconds)
})

test.each([-1, NaN])('a Retry-After of %d is none', (retryAfterMs) => {
  expect(toErrorPlan({ code: 'X', message: '', status: 429, retryAfterMs }).headers).not.toHaveProperty('retry-after')
})

test.each([
  [undefined, 502],
  [200, 502],
  [399, 502],
  [404.5, 502],
  [600, 502],
  [418, 418],
  [599, 599],
])('the status %s is answered as %d', (status, answered) => {
  const plan = toErrorPlan({ code: 'X', message: 'm', status })
  expect(plan.status).toBe(answered)
  expect(JSON.parse(plan.body!)).toMatchObject({ status: answered })
})

test('says when an official client should not try again of its own accord', () => {
  const headersOf = (status: number): Readonly<Record<string, string>> =>
    toErrorPlan({ code: 'X', message: 'm', status }, 'openai').headers
  expect(headersOf(409)['x-should-retry']).toBe('false')
  expect(headersOf(503)).not.toHaveProperty('x-should-retry')
})
