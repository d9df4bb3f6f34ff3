import { createServer, type Server } from 'node:net'

import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { eventually } from './rig/watched.ts'

/** Answers INFO with this text, and everything else as a server does that knows hardly anything. */
async function startPretender(info: string): Promise<{ url: string; server: Server } & AsyncDisposable> {
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        // Each command is an array of bulk strings; its name is the first of them.
        for (const [, name] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
          if (name!.toLowerCase() === 'info') socket.write(`$${info.length}\r\n${info}\r\n`)
          else
            socket.write(
              name!.toLowerCase() === 'hello'
                ? '-ERR unknown command `hello`, with args beginning with: `3`\r\n'
                : '+OK\r\n',
            )
        }
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    server,
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

describe.concurrent('the server is looked at when a store begins', () => {
  test.for(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    'an eviction policy that can eat streams is warned of: %s',
    async (maxMemoryPolicy) => {
      await using server = await startRedisServer({ maxMemoryPolicy })
      await using instance = new Instance({ url: server.url })
      await instance.store.ready()
      expect(instance.warnings).toEqual([expect.stringContaining(`maxmemory-policy ${maxMemoryPolicy}`)])
    },
  )

  test('`noeviction` is nothing to warn of', async () => {
    await using server = await startRedisServer()
    await using instance = new Instance({ url: server.url })
    await instance.store.ready()
    expect(instance.warnings).toEqual([])
  })

  test.for(['6.2.14', '5.0.7'])('Redis %s is refused, by name', async (version) => {
    await using server = await startPretender(
      `redis_version:${version}\r\nloading:0\r\nmaxmemory_policy:noeviction\r\n`,
    )
    await using instance = new Instance({ url: server.url })
    await expect(instance.store.ready()).rejects.toMatchObject({
      code: 'SLUICE_ERR_OPTION',
      message: expect.stringContaining(version) as string,
    })
    const tap = new Tap()
    await expect(instance.start(tap.source)).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    expect(tap.runs).toBe(0)
  })

  test('a server that is not there: `ready` and a start say so in time, and later it works', async () => {
    await using server = await startRedisServer()
    await server.kill()
    await using instance = new Instance({ url: server.url, commandMs: 500, waitMs: 0 })
    await expect(instance.store.ready()).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
    await expect(instance.start(new Tap().source)).rejects.toMatchObject({
      code: 'SLUICE_ERR_STORE',
      retryAfterMs: 1_000,
    })
    await server.restart()
    await eventually('readiness', () =>
      instance.store
        .ready()
        .then(() => true)
        .catch(() => false),
    )
    const { id } = await eventually('a start', () => instance.start(new Tap().source).catch(() => undefined))
    expect((await instance.sluice.info({ id }, { as: 'server' })).status).toBe('waiting')
  })

  test('a password that is wrong is told to the operator, once, and not to clients', async () => {
    await using server = await startRedisServer()
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
    await using instance = new Instance({ url: server.url.replace('redis://', 'redis://app:wrong@'), commandMs: 2_000 })
    const refused: unknown = await instance.store.ready().catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'SLUICE_ERR_OPTION',
      cause: { message: expect.stringContaining('WRONGPASS') as string },
    })
    // Of an option that is wrong clients read nothing at all: every transport keeps it to itself.
    expect(refused).toMatchObject({ status: 500 })
    expect(instance.warnings).toEqual([expect.stringMatching(/WRONGPASS.*user and password/)])
  })

  test('a user without INFO is let in', async () => {
    await using server = await startRedisServer()
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info')
    await using instance = new Instance({ url: server.url.replace('redis://', 'redis://app:secret@') })
    await instance.store.ready()
    const { id } = await instance.start(new Tap().source)
    expect(id).not.toBe('')
  })
})
