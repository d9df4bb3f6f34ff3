import { toOpenAiError } from '@sluice/wires/openai'
import { expect, test } from 'vitest'

test.each([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [410, 'not_found_error'],
  [422, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [499, 'cancelled_error'],
  [500, 'server_error'],
  [503, 'server_error'],
  [undefined, 'server_error'],
])('says of status %s that it is a %s', (status, type) => {
  expect(toOpenAiError({ code: 'SLUICE_ERR_X', message: 'm', status })).toEqual({
    error: { message: 'm', type, param: null, code: 'SLUICE_ERR_X' },
  })
})

test("shows a provider's own body, with all four members there", () => {
  const extra = { error: { message: 'own', param: 'p', more: 1 } }
  expect(toOpenAiError({ code: 'C', message: 'm', status: 400, extra })).toEqual({
    error: { message: 'own', type: 'invalid_request_error', param: 'p', code: null, more: 1 },
  })
})

test.each([[null], ['text'], [{}], [{ error: 'text' }], [{ error: { code: 1 } }]])('is not fooled by %j', (extra) => {
  expect(toOpenAiError({ code: 'C', message: 'm', extra })).toEqual({
    error: { message: 'm', type: 'server_error', param: null, code: 'C' },
  })
})
