import { expect, test } from 'vitest'

import { bullmqQueue, redisDocuments } from '../../src/bullmq.ts'
import { type RedisJobsOptions, resolveRedisJobsOptions } from '../../src/bullmq/redis-jobs-options.ts'
import { serverWarnings } from '../../src/bullmq/server-check.ts'

const URL = 'redis://127.0.0.1:1'
const NODES = [{ host: '127.0.0.1', port: 1 }]

test('what is left open has its default, and the prefix its braces', () => {
  expect(resolveRedisJobsOptions({ url: URL })).toMatchObject({ prefix: 'sluice:{jobs}', commandMs: 5_000, tls: {} })
  const connection = { duplicate() {}, options: { keyPrefix: 'app:' } } as unknown as RedisJobsOptions['connection']
  expect(resolveRedisJobsOptions({ connection, prefix: 'jobs' }).prefix).toBe('app:{jobs}')
})

test.each<[string, unknown]>([
  ['url', {}],
  ['url', { url: URL, connection: { duplicate() {} } }],
  ['url', { url: 'http://127.0.0.1' }],
  ['url', { url: 5 }],
  ['connection', { connection: {} }],
  ['tls', { url: URL, tls: { ca: 'x' } }],
  ['prefix', { url: URL, prefix: 'a{b}' }],
  ['prefix', { url: URL, prefix: '' }],
  ['prefix', { url: URL, prefix: 5 }],
  ['commandMs', { url: URL, commandMs: 0 }],
  ['onWarning', { url: URL, onWarning: 'log' }],
  ['host', { url: URL, host: 'redis' }],
])('what breaks its rule is refused before anything is connected, and named: %s', (name, options) => {
  for (const make of [bullmqQueue, redisDocuments]) {
    expect(() => make(options as RedisJobsOptions)).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining(`"${name}"`) as string }),
    )
  }
})

test('no error tells a password', () => {
  expect(() => redisDocuments({ url: 'redis://:secret@host:port' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') as string }),
  )
})

test.each([
  ['redis://127.0.0.1:1', { kind: 'server', nodes: NODES, tls: false, db: 0, name: undefined, password: undefined }],
  [
    'rediss://u:p%40w@127.0.0.1:1/3',
    { kind: 'server', nodes: NODES, tls: true, db: 3, username: 'u', password: 'p@w' },
  ],
  ['redis://:pw@127.0.0.1:1/', { username: undefined, password: 'pw', db: 0 }],
  ['redis://host', { nodes: [{ host: 'host', port: 6379 }] }],
  ['redis://host?family=4', { nodes: [{ host: 'host', port: 6379 }], family: 4 }],
  ['redis+sentinel://a/main?sentinelPassword=p', { kind: 'sentinel', name: 'main', sentinelPassword: 'p' }],
  ['redis://[::1]:7', { nodes: [{ host: '::1', port: 7 }] }],
  [
    'redis+cluster://a:1,b',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
    },
  ],
  [
    'rediss+sentinel://a,b:2/main/1',
    {
      kind: 'sentinel',
      tls: true,
      name: 'main',
      db: 1,
      nodes: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 2 },
      ],
    },
  ],
])('a URL says where Redis is: %s', (url, expected) => {
  expect(resolveRedisJobsOptions({ url }).target).toMatchObject(expected)
})

test.each([
  '',
  'redis',
  'http://host',
  'redis://',
  'redis://a,b',
  'redis://host:0',
  'redis://host:65536',
  'redis://host:x',
  'redis://host/x',
  'redis://host/1/2',
  'redis://%zz@host',
  'redis+cluster://a/1',
  'redis+cluster://a,',
  'redis+sentinel://a',
  'redis+sentinel://a//1',
  'redis://host?family=5',
])('what is no such URL is none: %s', (url) => {
  expect(() => resolveRedisJobsOptions({ url })).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
})

test('an old server and one that may evict are told of, any other is not', () => {
  const info = (version: string, policy: string): string =>
    `# Server\r\nredis_version:${version}\r\nmaxmemory_policy:${policy}\r\n`
  expect(serverWarnings(info('7.0.15', 'noeviction'))).toEqual([])
  expect(serverWarnings(info('6.2.1', 'noeviction'))).toEqual([expect.stringContaining('the server is 6.2.1')])
  expect(serverWarnings(info('7.2.4', 'volatile-lru'))).toEqual([expect.stringContaining('volatile-lru')])
  // Valkey says what Redis it stands for, too.
  expect(serverWarnings(`redis_version:6.0.0\r\nvalkey_version:8.0.1\r\n`)).toEqual([])
})
