import { readFileSync } from 'node:fs'

import {
  type RedisServer,
  type SentinelRedis,
  startRedisServer,
  startSentinel,
  startTlsRedis,
  type TlsRedis,
} from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { RedisStoreOptions } from '../../src/connection/redis-store-options.ts'
import { Tap } from '../faults/rig/counting-source.ts'
import { Instance } from '../faults/rig/instance.ts'
import { eventually } from '../faults/rig/watched.ts'

/** What `ready` says, and what the operator was warned of. */
async function startWith(options: RedisStoreOptions): Promise<{ code: string; said: string; warnings: string[] }> {
  await using instance = new Instance({ commandMs: 20_000, waitMs: 0, ...options })
  const error = await instance.store.ready().then(
    () => undefined,
    (reason: unknown) => reason as Error & { code: string },
  )
  if (error === undefined) expect((await instance.start(new Tap().source)).id).not.toBe('')
  const cause = error?.cause instanceof Error ? error.cause.message : ''
  return { code: error?.code ?? 'ready', said: `${error?.message} ${cause}`, warnings: instance.warnings }
}

describe('TLS', () => {
  let open: TlsRedis
  let strict: TlsRedis
  let elsewhere: TlsRedis
  let clustered: TlsRedis
  const pem = (file: string): Buffer => readFileSync(file)
  beforeAll(async () => {
    ;[open, strict, elsewhere, clustered] = await Promise.all([
      startTlsRedis({ password: 'pw' }),
      startTlsRedis({ clientCertificates: true }),
      startTlsRedis({ name: { only: 'redis.internal' } }),
      startTlsRedis({ cluster: true }),
    ])
  })
  afterAll(async () => {
    for (const redis of [open, strict, elsewhere, clustered]) await redis[Symbol.asyncDispose]()
  })

  test('an authority of one’s own, a client certificate, a name that differs, a Cluster: each is reached', async () => {
    const { ca, cert, key } = strict.files
    const started = await Promise.all([
      startWith({ url: `rediss://:pw@localhost:${open.port}`, tls: { ca: pem(open.files.ca) } }),
      startWith({ url: `rediss://${strict.address}`, tls: { ca: pem(ca), cert: pem(cert), key: pem(key) } }),
      startWith({
        url: `rediss://${elsewhere.address}`,
        tls: { ca: pem(elsewhere.files.ca), servername: 'redis.internal' },
      }),
      startWith({ url: `rediss+cluster://${clustered.address}`, tls: { ca: pem(clustered.files.ca) } }),
    ])
    expect(started.map(({ code, said }) => (code === 'ready' ? code : said))).toEqual([
      'ready',
      'ready',
      'ready',
      'ready',
    ])
    expect(started.flatMap(({ warnings }) => warnings)).toEqual([])
  })

  test('what is wrong is told at once, with its cause', async () => {
    const ca = pem(open.files.ca)
    const port = (redis: TlsRedis): string => `localhost:${redis.port}`
    const cases: [RedisStoreOptions, RegExp][] = [
      [{ url: `rediss://:pw@${port(open)}` }, /self-signed certificate.*authority/],
      [{ url: `rediss://:pw@${port(open)}`, tls: { ca: pem(strict.files.ca) } }, /certificate|self-signed/],
      [
        { url: `rediss://${port(strict)}`, tls: { ca: pem(strict.files.ca) } },
        /certificate required.*client certificate/,
      ],
      [{ url: `rediss://${elsewhere.address}`, tls: { ca: pem(elsewhere.files.ca) } }, /altnames|does not match/],
      [{ url: `rediss+cluster://${clustered.address}` }, /certificate/],
      [{ url: `rediss://:wrong@${port(open)}`, tls: { ca } }, /WRONGPASS.*user and password/],
    ]
    for (const [options, said] of cases) {
      const told = await startWith(options)
      expect([told.code, told.said]).toEqual(['SLUICE_ERR_OPTION', expect.stringMatching(said)])
      expect(told.said).not.toContain('pw@')
    }
  })

  test('TLS where there is none, and none where there is TLS, is suspected', async () => {
    const commandMs = 1_000
    const [plain, tls] = await Promise.all([
      startWith({ url: `redis://:pw@${open.address}`, commandMs }),
      startWith({ url: `rediss://127.0.0.1:${open.server.port}`, commandMs }),
    ])
    expect([plain.code, plain.said]).toEqual(['SLUICE_ERR_STORE', expect.stringMatching(/rediss/)])
    expect(tls.said).toMatch(/redis in place of rediss|write rediss in place/)
  })

  test('options that cannot work are refused before anything is tried', async () => {
    await expect(startWith({ url: 'redis://localhost', tls: { ca: pem(open.files.ca) } })).rejects.toThrow(/rediss/)
    await expect(startWith({ url: 'rediss://localhost', tls: { cert: 'none', key: 'none' } })).rejects.toThrow(/PEM/)
  })
})

describe('Sentinels', () => {
  let redis: SentinelRedis
  const url = (name: string, user = ''): string =>
    `redis+sentinel://${user}${redis.addresses.map(({ host, port }) => `${host}:${port}`).join(',')}/${name}`
  beforeAll(async () => void (redis = await startSentinel({ server: { password: 'data' } })))
  afterAll(() => redis.close())

  test('the primary that they know is reached, also where they have a password of their own', async () => {
    expect((await startWith({ url: url('sluice', ':data@') })).code).toBe('ready')
    for (const sentinel of redis.sentinels) await sentinel.command('ACL', 'SETUSER', 'watch', 'on', '>eyes', '+@all')
    const asked = `${url('sluice', ':data@')}?sentinelUsername=watch&sentinelPassword=eyes`
    expect((await startWith({ url: asked })).code).toBe('ready')
    const wrong = await startWith({ url: asked.replace('eyes', 'no') })
    expect([wrong.code, wrong.said]).toEqual(['SLUICE_ERR_OPTION', expect.stringMatching(/WRONGPASS/)])
  })

  test('a name that they do not know, a server that is none of them, a replica: each is told', async () => {
    const { host, port } = redis.addresses[0]!
    const [unknown, sentinel, replica] = await Promise.all([
      startWith({ url: url('other'), commandMs: 1_000 }),
      startWith({ url: `redis://${host}:${port}` }),
      startWith({ url: redis.replicas[0]!.url, commandMs: 5_000 }),
    ])
    expect([unknown.code, unknown.said]).toEqual(['SLUICE_ERR_STORE', expect.stringMatching(/no primary of that name/)])
    expect([sentinel.code, sentinel.said]).toEqual(['SLUICE_ERR_OPTION', expect.stringMatching(/redis\+sentinel:\/\//)])
    expect([replica.code, replica.said]).toEqual([
      'SLUICE_ERR_OPTION',
      expect.stringMatching(/replica: name the primary/),
    ])
  })
})

describe.concurrent('a Redis that cannot be reached', () => {
  // Long enough for a busy machine to hear why; side by side.
  test.concurrent.for([
    ['redis://127.0.0.1:1', /ECONNREFUSED.*Nothing listens/],
    ['redis+cluster://127.0.0.1:1', /ECONNREFUSED.*Nothing listens/],
    ['redis+sentinel://127.0.0.1:1/sluice', /ECONNREFUSED.*Nothing listens/],
    ['redis://no-such-host.invalid', /(?:ENOTFOUND|EAI_AGAIN).*name of the host/],
    ['redis+cluster://no-such-host.invalid', /(?:ENOTFOUND|EAI_AGAIN).*name of the host/],
  ] as const)('%s: why is in the cause and in a warning, and not in the message', async ([url, why]) => {
    await using instance = new Instance({ url, commandMs: 15_000, waitMs: 0 })
    const refused = (await instance.store.ready().catch((error: unknown) => error)) as Error
    expect(refused).toMatchObject({
      code: 'SLUICE_ERR_STORE',
      cause: { message: expect.stringMatching(why) as string },
    })
    expect(refused.message).toBe('Redis did not do what it was asked: no answer in 15000 ms.')
    expect(instance.warnings).toEqual([expect.stringMatching(why)])
  })
})

describe('a Redis that is not there', () => {
  let server: RedisServer
  beforeAll(async () => void (server = await startRedisServer()))
  afterAll(() => server.close())

  test('one that comes late is waited for; a start is told soon all the same', async () => {
    await server.kill()
    await using instance = new Instance({ url: server.url, commandMs: 200, waitMs: 60_000 })
    const ready = instance.store.ready()
    await expect(instance.start(new Tap().source)).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
    await server.restart()
    await ready
    expect((await instance.start(new Tap().source)).id).not.toBe('')
  })

  test('who waits for it is told when the store is disposed of', async () => {
    const instance = new Instance({ url: 'redis://127.0.0.1:1', commandMs: 100, waitMs: 600_000 })
    const ready = instance.store.ready().catch((error: unknown) => error)
    await eventually('a first attempt', () => instance.warnings.length > 0)
    // It checks that no timer is left.
    await instance[Symbol.asyncDispose]()
    expect(await ready).toMatchObject({ code: 'SLUICE_ERR_STORE' })
  })

  test('a database that is not there is refused, however often it is asked for', async () => {
    await using instance = new Instance({ url: `${server.url}/99` })
    const before = await server.command('DBSIZE')
    for (let time = 0; time < 2; time++) {
      await expect(instance.store.ready()).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    }
    expect(await server.command('DBSIZE')).toBe(before)
  })
})
