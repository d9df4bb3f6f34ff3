import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isForeignHost, isFromElsewhere, isSameOrigin } from '@sluice/core/extend'

const name = fc.domain().map((domain) => domain.toLowerCase())
const port = fc.integer({ min: 1, max: 65_535 })
const LOCAL: ReadonlySet<string> = new Set(['localhost'])

describe('a page', () => {
  test('is of this server only where scheme-less host and port are those that the request names', () => {
    fc.assert(
      fc.property(
        fc.tuple(name, port),
        fc.tuple(name, port),
        fc.constantFrom('http', 'https'),
        (own, other, scheme) => {
          const { origin } = new URL(`${scheme}://${own.join(':')}`)
          expect(isSameOrigin(origin, own.join(':'))).toBe(true)
          expect(isSameOrigin(origin, own.join(':').toUpperCase())).toBe(true)
          expect(isSameOrigin(origin, other.join(':'))).toBe(own.join(':') === other.join(':'))
        },
      ),
    )
  })

  test.each([
    ['https://a.example', 'a.example', true],
    ['https://a.example', 'a.example:443', true],
    ['http://a.example', 'a.example:443', false],
    ['https://a.example', 'a.example.evil.example', false],
    ['https://a.example', undefined, false],
    ['null', 'null', false],
    ['app://a.example', 'a.example', false],
    ['', 'a.example', false],
  ])('of %s and host %s: %s', (origin, host, same) => {
    expect(isSameOrigin(origin, host)).toBe(same)
  })

  test.each([
    [{ origin: 'https://a.example' }, false],
    [{ origin: 'https://b.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: undefined }, false],
    [{ origin: undefined, fetchSite: 'cross-site' }, true],
    [{ origin: undefined, fetchSite: 'same-site' }, true],
    [{ origin: undefined, fetchSite: 'same-origin', referer: 'https://b.example/' }, false],
    [{ origin: undefined, fetchSite: 'none' }, false],
    [{ origin: undefined, referer: 'https://b.example/' }, true],
    [{ origin: undefined, referer: 'https://a.example/page?q' }, false],
    [{ origin: 'https://a.example', fetchSite: 'cross-site', referer: 'https://b.example/' }, false],
  ])('that sends %j is of elsewhere: %s', (headers, elsewhere) => {
    expect(isFromElsewhere({ host: 'a.example', ...headers })).toBe(elsewhere)
  })
})

describe('a host that names a server of this machine', () => {
  test.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:8080',
    'localhost.:8080',
    'app.localhost',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]:8080',
    '192.168.1.5:8080',
    '2130706433',
  ])('%s is none of elsewhere', (host) => {
    expect(isForeignHost(host, LOCAL)).toBe(false)
  })

  test.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'evil.example/127.0.0.1',
    '',
    'a b',
  ])('%j is one', (host) => {
    expect(isForeignHost(host, LOCAL)).toBe(true)
  })

  test('is one of elsewhere unless it is known, whatever its port', () => {
    fc.assert(
      fc.property(name, name, port, (known, asked, p) => {
        expect(isForeignHost(`${asked}:${p}`, new Set([known]))).toBe(asked !== known)
        expect(isForeignHost(`localhost:${p}`, new Set([known]))).toBe(true)
      }),
    )
  })
})
