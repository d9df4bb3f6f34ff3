import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseRedisUrl } from '../../src/connection/redis-url.ts'

const NODE = fc.record({
  host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
})
/** Whatever a password manager makes up; lone surrogates cannot be in a URL. */
const WORD = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const LOGIN = fc.record({ username: fc.option(WORD, { nil: undefined }), password: WORD })

const write = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

describe('a Redis URL', () => {
  test('says again what it was made of, for each kind, with and without TLS', () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constantFrom('server', 'cluster', 'sentinel'),
          tls: fc.boolean(),
          nodes: fc.array(NODE, { minLength: 1, maxLength: 4 }),
          login: fc.option(LOGIN, { nil: undefined }),
          db: fc.nat({ max: 99 }),
          name: WORD,
        }),
        ({ kind, tls, nodes, login, db, name }) => {
          const given = kind === 'server' ? nodes.slice(0, 1) : nodes
          const scheme = `redis${tls ? 's' : ''}${kind === 'server' ? '' : `+${kind}`}`
          const user = login ? `${encodeURIComponent(login.username ?? '')}:${encodeURIComponent(login.password)}@` : ''
          const path = `${kind === 'sentinel' ? `/${encodeURIComponent(name)}` : ''}${kind === 'cluster' ? '' : `/${db}`}`
          expect(parseRedisUrl(`${scheme}://${user}${given.map(write).join(',')}${path}`)).toEqual({
            kind,
            tls,
            nodes: given,
            username: login?.username,
            password: login?.password,
            db: kind === 'cluster' ? 0 : db,
            name: kind === 'sentinel' ? name : undefined,
            family: undefined,
            sentinelUsername: undefined,
            sentinelPassword: undefined,
          })
        },
      ),
    )
  })

  test('ports and what else is left out have their defaults', () => {
    expect(parseRedisUrl('redis://localhost')).toMatchObject({ kind: 'server', nodes: [{ port: 6379 }], db: 0 })
    expect(parseRedisUrl('redis+sentinel://a,b:1/main')).toMatchObject({ nodes: [{ port: 26_379 }, { port: 1 }] })
    expect(parseRedisUrl('redis+sentinel://a/main/2?sentinelPassword=p%40&family=6')).toMatchObject({
      name: 'main',
      db: 2,
      family: 6,
      sentinelPassword: 'p@',
    })
    expect(parseRedisUrl(' rediss+cluster://h/ ')).toMatchObject({ kind: 'cluster', tls: true })
  })

  test.for([
    'http://localhost',
    'redis://',
    'redis://a,b',
    'redis://a:0',
    'redis://a:70000',
    'redis://a/x',
    'redis://a/1/2',
    'redis://a?keyPrefix=p',
    'redis://a?family=5',
    'redis://a?sentinelPassword=p',
    'redis://:%zz@a',
    'redis+cluster://a/1',
    'redis+sentinel://a',
    'redis+sentinel:///main',
    'redis+other://a',
    'redis:///tmp/redis.sock',
  ])('%s is none', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined()
  })
})
