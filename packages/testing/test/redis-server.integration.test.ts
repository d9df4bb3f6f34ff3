import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as redis from '@sluice/testing/redis'
import { type RedisServer, type RedisServerOptions, RespError, startRedisServer } from '@sluice/testing/redis'
import { afterEach, describe, expect, test } from 'vitest'

const SOURCE = new URL('../src/redis.ts', import.meta.url).href

const disposables: (() => unknown)[] = []
afterEach(async () => {
  for (const dispose of disposables.splice(0).reverse()) await dispose()
})

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedisServer(options)
  disposables.push(() => server.close())
  return server
}

/** A connection of someone else's that the server has answered. */
async function dial({ host, port }: RedisServer): Promise<Socket> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  disposables.push(() => socket.destroy())
  socket.write('PING\r\n')
  await once(socket, 'data')
  return socket
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  return once(socket, 'connect').then(
    () => !socket.destroy().connecting,
    () => false,
  )
}

/** Runs a module with the fixtures as `redis`; gives what it prints first. */
async function runModule(body: string): Promise<{ child: ChildProcess; line: string }> {
  const code = `import * as redis from ${JSON.stringify(SOURCE)}\n${body}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  disposables.push(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}

test('exports these names and no others', () => {
  expect(Object.keys(redis).toSorted()).toEqual(
    ['RespError', 'clusterSlotOf', 'startCluster', 'startRedisServer', 'startReplicated', 'startSentinel'].toSorted(),
  )
})

describe('commands', () => {
  test('give replies of every shape', async () => {
    const server = await start()
    expect(await server.command('SET', 'key', 'text: 😀\r\n')).toBe('OK')
    expect(await server.command('GET', 'key')).toBe('text: 😀\r\n')
    expect(await server.command('GET', 'none')).toBeNull()
    expect(await server.command('BLPOP', 'none', '0.01')).toBeNull()
    expect(await server.command('XADD', 'stream', '1-0', 'a', 'b')).toBe('1-0')
    expect(await server.command('XRANGE', 'stream', '-', '+')).toEqual([['1-0', ['a', 'b']]])
    await server.command('MULTI')
    await server.command('INCR', 'key')
    await server.command('STRLEN', 'key')
    expect(await server.command('EXEC')).toEqual([expect.any(RespError), 12])
  })

  test('take a reply that arrives in many pieces', async () => {
    const server = await start()
    const long = 'x'.repeat(3_000_000)
    await server.command('SET', 'long', long)
    expect(await server.command('MGET', 'long', 'none', 'long')).toEqual([long, null, long])
  })

  test('reject with what the server says, and the next one works', async () => {
    const server = await start()
    await server.command('SET', 'key', 'text')
    await expect(server.command('XLEN', 'key')).rejects.toThrow(/^WRONGTYPE /)
    await expect(server.command('XLEN', 'key')).rejects.toBeInstanceOf(RespError)
    expect(await server.command('STRLEN', 'key')).toBe(4)
  })

  test('wait for each other', async () => {
    const server = await start()
    const replies = await Promise.all([
      server.command('DEBUG', 'SLEEP', '0.05'),
      server.command('INCR', 'n'),
      server.command('SCRIPT', 'FLUSH'),
      server.command('INCR', 'n'),
    ])
    expect(replies).toEqual(['OK', 1, 'OK', 2])
  })

  test('fail when the server dies under them, and at once when it is dead', async () => {
    const server = await start()
    const watcher = await dial(server)
    const lost = Promise.allSettled([server.command('BLPOP', 'none', '0'), server.command('SET', 'key', 'text')])
    const watch = async (): Promise<string> => {
      watcher.write('INFO clients\r\n')
      return String(await once(watcher, 'data'))
    }
    await expect.poll(watch).toContain('blocked_clients:1')
    await server.restart()
    expect((await lost).map((each) => each.status === 'rejected' && String(each.reason))).toEqual([
      'Error: BLPOP none: the connection was closed',
      'Error: the connection was closed',
    ])
    expect(await server.command('DBSIZE')).toBe(0)
    await server.kill()
    await expect(server.command('PING')).rejects.toThrow(`PING: redis-server on port ${server.port} has ended`)
  })
})

describe('options', () => {
  test('a password is asked of everyone, and is in the url', async () => {
    const server = await start({ password: 'a b/"c' })
    expect(server.url).toBe(`redis://:a%20b%2F%22c@127.0.0.1:${server.port}`)
    expect(await server.command('PING')).toBe('PONG')
    const stranger = connect(server.port, server.host)
    disposables.push(() => stranger.destroy())
    stranger.write('PING\r\n')
    expect(String(await once(stranger, 'data'))).toMatch(/^-NOAUTH /)
    await server.restart()
    expect(await server.command('PING')).toBe('PONG')
  })

  test('a full memory refuses writes, or makes room', async () => {
    const value = 'x'.repeat(1_000_000)
    const full = await start({ maxMemory: '3mb' })
    const fill = async (server: RedisServer): Promise<void> => {
      for (let index = 0; index < 5; index++) await server.command('SET', `key ${index}`, value)
    }
    await expect(fill(full)).rejects.toThrow(/^OOM /)
    const evicting = await start({ maxMemory: '3mb', maxMemoryPolicy: 'allkeys-lru' })
    await fill(evicting)
    expect(await evicting.usedMemory()).toBeLessThan(4_000_000)
  })

  test('more arguments win', async () => {
    const server = await start({ appendOnly: true, args: ['--maxclients', '10', '--appendonly', 'no'] })
    expect(await server.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '10'])
    expect(await server.command('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'no'])
  })

  test('an argument Redis refuses is an error that shows what Redis says', async () => {
    await expect(startRedisServer({ args: ['--nonsense', '1'] })).rejects.toThrow(/FATAL CONFIG FILE ERROR/)
  })

  test('a port that is in use is an error', async () => {
    const { port } = await start()
    await expect(startRedisServer({ port })).rejects.toThrow(`port ${port} of 127.0.0.1 is in use`)
  })
})

describe('faults', () => {
  test('a paused server is silent, and answers when it is resumed', async () => {
    const server = await start()
    await server.pause()
    expect(server.state).toBe('paused')
    const reply = server.command('INCR', 'n')
    expect(await Promise.race([reply, sleep(50, 'silence')])).toBe('silence')
    server.resume()
    expect(await reply).toBe(1)
    expect(server.state).toBe('running')
  })

  test('a killed server refuses connections; with an append-only file a restart keeps all that was acknowledged', async () => {
    const server = await start({ appendOnly: true })
    const { pid, port, url } = server
    for (let index = 1; index <= 200; index++) await server.command('XADD', 'stream', `${index}-0`, 'a', 'b')
    await server.kill()
    expect([server.state, await listens(port)]).toEqual(['ended', false])
    await server.restart()
    expect(server).toMatchObject({ port, url, state: 'running' })
    expect(server.pid).not.toBe(pid)
    expect(await server.command('XLEN', 'stream')).toBe(200)
    expect(await server.command('XADD', 'stream', '201-0', 'a', 'b')).toBe('201-0')
  })

  test('an empty restart loses everything, and so does one without an append-only file', async () => {
    const server = await start({ appendOnly: true })
    await server.command('SET', 'key', 'text')
    await server.restart({ empty: true })
    expect(await server.command('DBSIZE')).toBe(0)
    const inMemory = await start()
    await inMemory.command('SET', 'key', 'text')
    await inMemory.restart()
    expect(await inMemory.command('DBSIZE')).toBe(0)
  })

  test('connections are killed, the one for commands is not', async () => {
    const server = await start()
    const closed = [await dial(server), await dial(server)].map((socket) => once(socket, 'close'))
    const id = await server.command('CLIENT', 'ID')
    expect(await server.killConnections()).toBe(2)
    await Promise.all(closed)
    expect(await server.killConnections()).toBe(0)
    expect(await server.command('CLIENT', 'ID')).toBe(id)
  })
})

test('figures: calls by command, processor time, memory', async () => {
  const server = await start()
  for (let index = 0; index < 3; index++) await server.command('SET', 'key', 'x'.repeat(100_000))
  await server.killConnections()
  const calls = await server.commandsProcessed()
  expect([calls.get('set'), calls.get('client|kill'), calls.get('get')]).toEqual([3, 1, undefined])
  expect(await server.usedMemory()).toBeGreaterThan(100_000)
  const before = await server.cpuSeconds()
  await server.command('EVAL', 'for i = 1, 5e6 do end', '0')
  expect(await server.cpuSeconds()).toBeGreaterThan(before)
})

describe('the end', () => {
  test('close ends a paused server, more than once, and nothing can be done with it after', async () => {
    const server = await startRedisServer()
    await server.pause()
    await Promise.all([server.close(), server[Symbol.asyncDispose]()])
    await server.close()
    expect([server.state, await listens(server.port)]).toEqual(['ended', false])
    await expect(server.restart()).rejects.toThrow('is closed')
    await expect(server.pause()).rejects.toThrow('SIGSTOP')
  })

  test('close ends a server that is being restarted', async () => {
    const server = await startRedisServer()
    const restarted = server.restart()
    await server.close()
    await restarted
    expect(await listens(server.port)).toBe(false)
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('a server does not outlive its process, ended by %s', async (signal) => {
    const { child, line } = await runModule(`
      const paused = await redis.startRedisServer()
      const other = await redis.startRedisServer()
      const [, directory] = await other.command('CONFIG', 'GET', 'dir')
      const killed = await redis.startRedisServer()
      const [, emptied] = await killed.command('CONFIG', 'GET', 'dir')
      await killed.kill()
      await other.restart()
      await paused.pause()
      console.log(JSON.stringify({ ports: [paused.port, other.port], directories: [directory, emptied] }))
    `)
    const { ports, directories } = JSON.parse(line) as { ports: number[]; directories: string[] }
    expect(directories.map(existsSync)).toEqual([true, true])
    child.kill(signal)
    await expect.poll(() => Promise.all(ports.map(listens)), { timeout: 10_000 }).toEqual([false, false])
    const left = (): string[] => directories.filter((directory) => existsSync(directory))
    await expect.poll(left, { timeout: 10_000 }).toEqual([])
  })

  test('a process that closes its servers ends by itself', async () => {
    const { child } = await runModule(`
      const server = await redis.startRedisServer()
      await server.close()
      console.log('closed')
    `)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
  })
})

describe('parallel starts', () => {
  test('in one process get ports of their own', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => start()))
    expect(new Set(servers.map(({ port }) => port)).size).toBe(8)
  })

  test('that look for the same ports at the same time all succeed', async () => {
    // Threads share the process id, by which processes keep apart, and not the count of ports given.
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData).then(async (redis) => {
        const servers = await Promise.all([1, 2, 3].map(() => redis.startRedisServer()))
        parentPort.postMessage(servers.map(({ port }) => port))
        parentPort.once('message', () => Promise.all(servers.map((server) => server.close())))
      })`
    const workers = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: SOURCE }))
    disposables.push(() => Promise.all(workers.map((worker) => worker.terminate())))
    const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message')) as [number[]]))
    expect(new Set(ports.flat(2)).size).toBe(9)
    await Promise.all(workers.map((worker) => (worker.postMessage('close'), once(worker, 'exit'))))
  })

  test('step over a port that is in use', async () => {
    const { port } = await start()
    const ahead = [1, 2, 3].map((distance) => port + distance)
    const squatters = ahead.map((taken) => createServer().listen(taken, '127.0.0.1'))
    disposables.push(() => squatters.forEach((squatter) => squatter.close()))
    // One that another process has is in use as well.
    await Promise.all(squatters.map((squatter) => once(squatter, 'listening').catch(() => {})))
    expect(ahead).not.toContain((await start()).port)
  })
})
