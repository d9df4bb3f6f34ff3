import { once } from 'node:events'
import { RespError } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'
import { dialServer, startServer } from '../rig/redis-servers.ts'

describe('commands', () => {
  test('give replies of every shape', async () => {
    const server = await startServer()
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
    const server = await startServer()
    const long = 'x'.repeat(3_000_000)
    await server.command('SET', 'long', long)
    expect(await server.command('MGET', 'long', 'none', 'long')).toEqual([long, null, long])
  })

  test('reject with what the server says, and the next one works', async () => {
    const server = await startServer()
    await server.command('SET', 'key', 'text')
    await expect(server.command('XLEN', 'key')).rejects.toThrow(/^WRONGTYPE /)
    await expect(server.command('XLEN', 'key')).rejects.toBeInstanceOf(RespError)
    expect(await server.command('STRLEN', 'key')).toBe(4)
  })

  test('wait for each other', async () => {
    const server = await startServer()
    const replies = await Promise.all([
      server.command('DEBUG', 'SLEEP', '0.05'),
      server.command('INCR', 'n'),
      server.command('SCRIPT', 'FLUSH'),
      server.command('INCR', 'n'),
    ])
    expect(replies).toEqual(['OK', 1, 'OK', 2])
  })

  test('fail when the server dies under them, and at once when it is dead', async () => {
    const server = await startServer()
    const watcher = await dialServer(server)
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

test('figures: calls by command, processor time, memory', async () => {
  const server = await startServer()
  for (let index = 0; index < 3; index++) await server.command('SET', 'key', 'x'.repeat(100_000))
  await server.killConnections()
  const calls = await server.commandsProcessed()
  expect([calls.get('set'), calls.get('client|kill'), calls.get('get')]).toEqual([3, 1, undefined])
  expect(await server.usedMemory()).toBeGreaterThan(100_000)
  const before = await server.cpuSeconds()
  await server.command('EVAL', 'for i = 1, 5e6 do end', '0')
  expect(await server.cpuSeconds()).toBeGreaterThan(before)
})
