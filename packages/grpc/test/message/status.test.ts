import { Code } from '@connectrpc/connect'
import { type EndEvent, SluiceError, ERROR_CODES, type SluiceErrorCode } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { isMasked, statusOfError, statusOfReading, toConnectError } from '../../src/message/status.ts'

/** What each error code is to a gRPC client. Every code has a row. */
const ERRORS: Record<SluiceErrorCode, keyof typeof Code> = {
  SLUICE_ERR_OPTION: 'Internal',
  SLUICE_ERR_SOURCE: 'Internal',
  SLUICE_ERR_SOURCE_ITEM: 'Internal',
  SLUICE_ERR_BACKEND: 'Internal',
  SLUICE_ERR_TIMEOUT: 'DeadlineExceeded',
  SLUICE_ERR_NOT_FOUND: 'NotFound',
  SLUICE_ERR_GONE: 'NotFound',
  SLUICE_ERR_CURSOR_MALFORMED: 'InvalidArgument',
  SLUICE_ERR_CURSOR_TRIMMED: 'OutOfRange',
  SLUICE_ERR_CURSOR_AHEAD: 'FailedPrecondition',
  SLUICE_ERR_KEY_RUNNING: 'AlreadyExists',
  SLUICE_ERR_IDEMPOTENCY_MISMATCH: 'AlreadyExists',
  SLUICE_ERR_TOO_MANY_STREAMS: 'ResourceExhausted',
  SLUICE_ERR_RATE: 'ResourceExhausted',
  SLUICE_ERR_OVERLOADED: 'Unavailable',
  SLUICE_ERR_DRAINING: 'Unavailable',
  SLUICE_ERR_UNAUTHORIZED: 'Unauthenticated',
  SLUICE_ERR_REQUEST: 'InvalidArgument',
  SLUICE_ERR_TOO_LARGE: 'InvalidArgument',
  SLUICE_ERR_CANCELLED: 'Canceled',
  SLUICE_ERR_INTERRUPTED: 'Unavailable',
  SLUICE_ERR_READING_CLOSED: 'Unavailable',
  SLUICE_ERR_ALREADY_ENDED: 'FailedPrecondition',
  SLUICE_ERR_PARSE: 'Internal',
  SLUICE_ERR_RUNTIME: 'Internal',
  SLUICE_ERR_STORE_LOCKED: 'Unavailable',
  SLUICE_ERR_FORBIDDEN: 'PermissionDenied',
  SLUICE_ERR_QUEUE_FULL: 'ResourceExhausted',
  SLUICE_ERR_ATTEMPTS: 'Unavailable',
  SLUICE_ERR_EXPIRED: 'FailedPrecondition',
  SLUICE_ERR_BATCH_INPUT: 'InvalidArgument',
  SLUICE_ERR_WEBHOOK_URL: 'InvalidArgument',
  SLUICE_ERR_WEBHOOK: 'Unavailable',
  SLUICE_ERR_STORE: 'Unavailable',
}

describe('the status of an error', () => {
  test.each(Object.keys(ERROR_CODES) as SluiceErrorCode[])('%s has its code', (code) => {
    const status = statusOfError(new SluiceError(code, 'Said to the client.', { retryAfterMs: 1_500 }))
    expect(status.code).toBe(Code[ERRORS[code]])
    if (code === 'SLUICE_ERR_OPTION') return expect(status.message).not.toContain('Said')
    return expect(status).toMatchObject({ message: 'Said to the client.', reason: code, retryAfterMs: 1_500 })
  })

  test.each([
    [400, 'InvalidArgument'],
    [401, 'Unauthenticated'],
    [403, 'PermissionDenied'],
    [404, 'NotFound'],
    [418, 'Internal'],
    [429, 'ResourceExhausted'],
    [500, 'Internal'],
    [503, 'Unavailable'],
    [504, 'DeadlineExceeded'],
  ] as const)('a backend that answered %i is %s', (status, code) => {
    expect(statusOfError(new SluiceError('SLUICE_ERR_BACKEND', 'x', { status })).code).toBe(Code[code])
  })

  test('what was not written for clients is not told them', () => {
    expect(statusOfError(new Error('secret'))).toMatchObject({ code: Code.Internal })
    expect(JSON.stringify(statusOfError(new Error('secret')))).not.toContain('secret')
    expect([isMasked(new Error('x')), isMasked(new SluiceError('SLUICE_ERR_OPTION', 'x'))]).toEqual([true, true])
    expect(isMasked(new SluiceError('SLUICE_ERR_RATE', 'x'))).toBe(false)
  })
})

describe('contract 2: the status of a reading is OK for complete streams alone', () => {
  const end = (given: Partial<EndEvent>): EndEvent => ({ type: 'end', reason: 'stop', complete: false, ...given })

  test.each([
    ['complete', end({ complete: true }), 0],
    ['complete at its length', end({ reason: 'length', complete: true }), 0],
    ['cut although it says stop', end({}), Code.Unavailable],
    ['cancelled', end({ reason: 'cancelled', cause: 'client' }), Code.Canceled],
    ['left', end({ reason: 'cancelled', cause: 'disconnect' }), Code.Canceled],
    ['replaced', end({ reason: 'cancelled', cause: 'replaced' }), Code.Canceled],
    ['too slow', end({ reason: 'error', cause: 'deadline' }), Code.DeadlineExceeded],
    ['interrupted', end({ reason: 'interrupted', cause: 'drain' }), Code.Unavailable],
    ['crashed', end({ reason: 'interrupted', cause: 'lease' }), Code.Unavailable],
    ['failed', end({ reason: 'error', error: { code: 'SLUICE_ERR_SOURCE', message: 'x' } }), Code.Internal],
    [
      'failed busily',
      end({ reason: 'error', error: { code: 'BUSY', message: 'x', status: 429 } }),
      Code.ResourceExhausted,
    ],
  ])('%s', (_, over, code) => {
    expect(statusOfReading(over).code).toBe(code)
  })

  test.each([
    ['trimmed', Code.OutOfRange],
    ['epoch', Code.FailedPrecondition],
    ['storage', Code.DataLoss],
    ['stalled', Code.ResourceExhausted],
    ['draining', Code.Unavailable],
    ['rotate', Code.Unavailable],
    ['unauthorized', Code.Unauthenticated],
  ] as const)('closed: %s', (code, expected) => {
    expect(statusOfReading({ type: 'closed', code, cursor: 'a.1.2' })).toMatchObject({
      code: expected,
      cursor: 'a.1.2',
    })
  })

  test('cut without a word', () => {
    expect(statusOfReading(undefined).code).toBe(Code.Unavailable)
  })
})

test('an error carries its reason, its cursor and when to try again, where clients look for them', () => {
  const { details, metadata } = toConnectError({
    code: 14,
    message: 'x',
    reason: 'R',
    retryAfterMs: 1_500,
    cursor: 'a.1.2',
  })
  expect(details).toMatchObject([
    {
      desc: { typeName: 'google.rpc.ErrorInfo' },
      value: { reason: 'R', domain: 'sluice', metadata: { cursor: 'a.1.2' } },
    },
    { desc: { typeName: 'google.rpc.RetryInfo' }, value: { retryDelay: { seconds: 1n, nanos: 500_000_000 } } },
  ])
  expect([metadata.get('sluice-code'), metadata.get('sluice-cursor')]).toEqual(['R', 'a.1.2'])
})
