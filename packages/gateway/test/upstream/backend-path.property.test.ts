import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgePath } from '../../src/upstream/backend-path.ts'

const RULES = {
  mount: '/v1',
  basePath: '/base/v1',
  ownPaths: ['/streams', '/chat/completions', '/tickets', '/ws'],
}

/** Ways to write a character, some of them more than once encoded. */
const spelled = (text: string): fc.Arbitrary<string> => {
  const hex = text.charCodeAt(0).toString(16).padStart(2, '0')
  return fc.constantFrom(text, `%${hex}`, `%${hex.toUpperCase()}`, `%25${hex}`, `%2525${hex}`)
}

const piece = fc.oneof(
  ...['.', '/', '\\', ';', '\0', 'a', '%'].map(spelled),
  fc.constantFrom('models', 'streams', 'chat', 'completions', '?', '#', '%', '%c0%af', '日', 'Streams', 'ws'),
)
const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/v1/${pieces.join('')}`)

/** Everything that somebody might take `text` for: as it is, and decoded again and again. */
function readings(text: string): string[] {
  const all = [text]
  for (let round = 0; round < 5; round++) {
    const decoded = all.at(-1)!.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    all.push(decoded)
  }
  return all
}

test('what is passed on stays below the backend’s base path, in whatever way anybody reads it', () => {
  fc.assert(
    fc.property(path, (url) => {
      const verdict = judgePath(url, RULES)
      if (verdict.is !== 'passed') return
      expect(verdict.path).toBe(`/base${url}`)
      const [sent = ''] = verdict.path.split('?')
      for (const reading of readings(sent.slice(RULES.basePath.length))) {
        const flat = reading.replaceAll('\\', '/')
        // Where a parameter is cut off, as some servers do, and where it is not.
        for (const way of [flat, flat.replace(/;[^/]*/g, '')]) {
          const { pathname } = new URL(`http://backend${RULES.basePath}${way.replace(/[?#].*/s, '')}`)
          expect(pathname.startsWith(`${RULES.basePath}/`)).toBe(true)
        }
      }
    }),
    { numRuns: 5_000 },
  )
})

test('a route of ours is nobody else’s, however it is spelled', () => {
  const own = fc.constantFrom(...RULES.ownPaths)
  const spelling = own.chain((text) => {
    const letters = [...text.slice(1)].map((letter) =>
      letter === '/'
        ? fc.constantFrom('/', '//', '/;x/')
        : fc.constantFrom(letter, letter.toUpperCase(), `%${letter.charCodeAt(0).toString(16)}`),
    )
    return fc.tuple(fc.constantFrom('/', '//'), ...letters, fc.constantFrom('', '/', '/x', '/x/y/z', ';a', '?a', '//'))
  })
  fc.assert(
    fc.property(spelling, (pieces) => {
      expect(judgePath(`/v1${pieces.join('')}`, RULES).is).toBe('own')
    }),
  )
})

describe('a path', () => {
  test.each([
    '/v1/models',
    '/v1/models?x=/../..%2f%5c#',
    '/v1/models/a:b@c,d=e',
    '/v1/files/my%20file%23%3f',
    '/v1/a/...',
    '/v1/a/..b',
    '/v1//evil',
    '/v1/streamsandmore',
    '/v1/chat',
    '/v1/%E6%97%A5',
  ])('%s is passed on as it was sent', (url) => {
    expect(judgePath(url, RULES)).toEqual({ is: 'passed', path: `/base${url}` })
  })

  test.each([
    '/v1',
    '/v1models',
    '/V1/models',
    '/v2/models',
    '/v1/..',
    '/v1/./x',
    '/v1/..%2fx',
    '/v1/a%2Fb',
    '/v1/a%5Cb',
    '/v1/a%252fb',
    '/v1/%2e%2e/x',
    '/v1/..;/x',
    '/v1/.%00./x',
    '/v1/a\\b',
    '/v1/models#x',
  ])('%s is refused', (url) => {
    expect(judgePath(url, RULES)).toEqual({ is: 'refused' })
  })
})
