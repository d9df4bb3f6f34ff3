import { once } from 'node:events'
import { connect } from 'node:net'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startServer } from '../rig/redis-servers.ts'

describe('options', () => {
  test('a password is asked of everyone, and is in the url', async () => {
    const server = await startServer({ password: 'a b/"c' })
    expect(server.url).toBe(`redis://:a%20b%2F%22c@127.0.0.1:${server.port}`)
    expect(await server.command('PING')).toBe('PONG')
    const stranger = connect(server.port, server.host)
    onTestFinished(() => void stranger.destroy())
    stranger.write('PING\r\n')
    expect(String(await once(stranger, 'data'))).toMatch(/^-NOAUTH /)
    await server.restart()
    expect(await server.command('PING')).toBe('PONG')
  })

  test('a full memory refuses writes, or makes room', async () => {
    const value = 'x'.repeat(1_000_000)
    const full = await startServer({ maxMemory: '3mb' })
    const fill = async (server: RedisServer): Promise<void> => {
      for (let index = 0; index < 5; index++) await server.command('SET', `key ${index}`, value)
    }
    await expect(fill(full)).rejects.toThrow(/^OOM /)
    const evicting = await startServer({ maxMemory: '3mb', maxMemoryPolicy: 'allkeys-lru' })
    await fill(evicting)
    expect(await evicting.usedMemory()).toBeLessThan(4_000_000)
  })

  test('more arguments win', async () => {
    const server = await startServer({ appendOnly: true, args: ['--maxclients', '10', '--appendonly', 'no'] })
    expect(await server.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '10'])
    expect(await server.command('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'no'])
  })

  test('an argument Redis refuses is an error that shows what Redis says', async () => {
    await expect(startRedisServer({ args: ['--nonsense', '1'] })).rejects.toThrow(/FATAL CONFIG FILE ERROR/)
  })

  test('a port that is in use is an error', async () => {
    const { port } = await startServer()
    await expect(startRedisServer({ port })).rejects.toThrow(`port ${port} of 127.0.0.1 is in use`)
  })
})
