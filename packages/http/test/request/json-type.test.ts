import { expect, test } from 'vitest'

import { requireJsonType } from '../../src/request/json-type.ts'

const headersOf = (type: string | undefined, origin: string | undefined) => ({
  header: (name: string) => (name === 'content-type' ? type : name === 'origin' ? origin : undefined),
})

test.each([
  ['application/json', undefined],
  ['application/json', 'https://a.example'],
  ['Application/JSON; charset=utf-8', undefined],
  ['application/merge-patch+json', undefined],
  [undefined, undefined],
])('takes Content-Type %s from origin %s', (type, origin) => {
  expect(() => requireJsonType(headersOf(type, origin))).not.toThrow()
})

test('what no type is declared for is taken from no page of elsewhere, which old browsers name by its address only', () => {
  const typeless = (headers: Record<string, string>) => () =>
    requireJsonType({ header: (name) => ({ host: 'api.example', ...headers })[name] })
  expect(typeless({ referer: 'https://evil.example/' })).toThrow(expect.objectContaining({ status: 415 }))
  expect(typeless({ 'sec-fetch-site': 'cross-site' })).toThrow(expect.objectContaining({ status: 415 }))
  expect(typeless({ referer: 'https://api.example/page' })).not.toThrow()
  expect(typeless({})).not.toThrow()
})

test.each([
  [undefined, 'https://a.example'],
  ['text/plain;charset=UTF-8', undefined],
  ['text/plain; application/json', 'https://a.example'],
  ['application/x-www-form-urlencoded', undefined],
  ['multipart/form-data; boundary=x', undefined],
  ['', undefined],
])('refuses Content-Type %s from origin %s', (type, origin) => {
  expect(() => requireJsonType(headersOf(type, origin))).toThrow(expect.objectContaining({ status: 415 }))
})
