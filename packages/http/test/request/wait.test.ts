import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { preferenceOf } from '../../src/request/prefer.ts'
import { readAsyncWaitMs, readWaitMs } from '../../src/request/wait.ts'
import { toRequest } from '../rig/rig.ts'

const waitOf = (query: string, prefer?: string, method = 'GET'): number =>
  readWaitMs(toRequest(method, `/streams/x${query}`, { headers: prefer === undefined ? {} : { prefer } }))

function refusalOf(action: () => unknown): SluiceError {
  try {
    action()
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('how long a request may wait', () => {
  test.each([
    ['', undefined, 0],
    ['?wait=7', undefined, 7_000],
    ['?wait=0', undefined, 0],
    ['?wait=55', undefined, 55_000],
    ['?wait=56', undefined, 55_000],
    [`?wait=${'9'.repeat(400)}`, undefined, 55_000],
    ['?wait=-1', undefined, 0],
    ['?wait=007', undefined, 7_000],
    ['?wait=7&wait=9', undefined, 7_000],
    ['', 'wait=20', 20_000],
    ['', 'respond-async, Wait = "20"; x=1, wait=3', 20_000],
    ['?wait=7', 'wait=20', 20_000],
    ['?wait=7', 'handling=strict', 7_000],
    ['?wait=garbage', 'wait=20', 20_000],
  ])('%s with Prefer: %s', (query, prefer, waitMs) => {
    expect(waitOf(query, prefer)).toBe(waitMs)
  })

  test.each([
    ['?wait=', undefined, '"wait" of the query is ""'],
    ['?wait=ten', undefined, '"wait" of the query is "ten"'],
    ['?wait=1.5', undefined, '"wait" of the query is "1.5"'],
    ['?wait=1e3', undefined, '"wait" of the query is "1e3"'],
    ['?wait=%201', undefined, '"wait" of the query is " 1"'],
    [`?wait=${'x'.repeat(1000)}`, undefined, `is "${'x'.repeat(32)}";`],
    ['', 'wait', '"wait" in Prefer is ""'],
    ['', 'wait=soon', '"wait" in Prefer is "soon"'],
    ['?wait=5', 'wait=soon', '"wait" in Prefer is "soon"'],
  ])('%s with Prefer: %s is refused by name', (query, prefer, named) => {
    const { code, status, message } = refusalOf(() => waitOf(query, prefer))
    expect([code, status, message]).toEqual(['SLUICE_ERR_REQUEST', 400, expect.stringContaining(named)])
    expect(message).toContain('whole number of seconds, of which at most 55 count')
  })

  test('who only asks for the head never waits', () => {
    expect(waitOf('?wait=garbage', 'wait=20', 'HEAD')).toBe(0)
  })

  test.each([
    [undefined, undefined],
    ['wait=5', undefined],
    ['respond-async', 0],
    ['respond-async, wait=5', 5_000],
    ['wait=100, Respond-Async', 55_000],
  ])('a start with Prefer: %s', (prefer, waitMs) => {
    const headers: Record<string, string> = prefer === undefined ? {} : { prefer }
    expect(readAsyncWaitMs(toRequest('POST', '/streams?wait=9', { headers }))).toBe(waitMs)
  })

  test('a start with a wait that is none is refused by name', () => {
    const request = toRequest('POST', '/streams', { headers: { prefer: 'respond-async, wait=x' } })
    expect(refusalOf(() => readAsyncWaitMs(request)).message).toContain('"wait" in Prefer is "x"')
  })
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['b', undefined],
  ['a', ''],
  ['a=', ''],
  ['b=1, A = 2 ;c=3, a=4', '2'],
  ['a="x y"', 'x y'],
])('what Prefer: %s says of a', (prefer, value) => {
  expect(preferenceOf(prefer, 'a')).toBe(value)
})
