import { expect, test } from 'vitest'
import { BackendFailure, failureBehind, toBackendFailure } from '../../src/upstream/failure.ts'

const coded = (code: string): Error => Object.assign(new Error(`it failed with ${code}`), { code })

test.each([
  ['ENOTFOUND', 'dns', true],
  ['EAI_AGAIN', 'dns', true],
  ['ECONNREFUSED', 'refused', true],
  ['EHOSTUNREACH', 'unreachable', true],
  ['ETIMEDOUT', 'timeout', true],
  ['EPROTO', 'tls', true],
  ['CERT_HAS_EXPIRED', 'tls', true],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', true],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls', true],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', true],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', true],
  ['ERR_PROXY_TUNNEL', 'proxy', true],
  ['ECONNRESET', 'reset', false],
  ['EPIPE', 'reset', false],
  ['HPE_INVALID_CONSTANT', 'protocol', false],
  ['Z_DATA_ERROR', 'encoding', false],
  ['ERR__ERROR_FORMAT_PADDING_1', 'encoding', false],
  ['E_ODD', 'unknown', false],
])('%s is told as %s', (code, reason, outage) => {
  const failure = toBackendFailure(coded(code))
  expect([failure.reason, failure.isOutage]).toEqual([reason, outage])
  expect(failure.message).toContain(code)
  expect(failure.told).not.toContain(code)
})

test('the reason of one of several attempts counts, and that of a cause', () => {
  const tried = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
  expect(toBackendFailure(tried).reason).toBe('refused')
  expect(toBackendFailure(new TypeError('fetch failed', { cause: coded('ENOTFOUND') })).reason).toBe('dns')
})

test('a failure stays itself, and is found behind other errors', () => {
  const failure = new BackendFailure('silence', 'quiet')
  expect(toBackendFailure(failure)).toBe(failure)
  expect(failureBehind(new Error('outer', { cause: new Error('inner', { cause: failure }) }))).toBe(failure)
  expect(failureBehind(new Error('alone'))).toBeUndefined()
  expect([failure.status, new BackendFailure('reset', 'x').status]).toEqual([504, 502])
})
