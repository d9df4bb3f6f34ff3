import { once } from 'node:events'
import { isSettled } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'
import { dialServer, listens, startServer } from '../rig/redis-servers.ts'

describe('faults', () => {
  test('a paused server is silent, and answers when it is resumed', async () => {
    const server = await startServer()
    await server.pause()
    expect(server.state).toBe('paused')
    const reply = server.command('INCR', 'n')
    expect(await isSettled(reply)).toBe(false)
    server.resume()
    expect(await reply).toBe(1)
    expect(server.state).toBe('running')
  })

  test('a killed server refuses connections; with an append-only file a restart keeps all that was acknowledged', async () => {
    const server = await startServer({ appendOnly: true })
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
    const server = await startServer({ appendOnly: true })
    await server.command('SET', 'key', 'text')
    await server.restart({ empty: true })
    expect(await server.command('DBSIZE')).toBe(0)
    const inMemory = await startServer()
    await inMemory.command('SET', 'key', 'text')
    await inMemory.restart()
    expect(await inMemory.command('DBSIZE')).toBe(0)
  })

  test('connections are killed, the one for commands is not', async () => {
    const server = await startServer()
    const closed = [await dialServer(server), await dialServer(server)].map((socket) => once(socket, 'close'))
    const id = await server.command('CLIENT', 'ID')
    expect(await server.killConnections()).toBe(2)
    await Promise.all(closed)
    expect(await server.killConnections()).toBe(0)
    expect(await server.command('CLIENT', 'ID')).toBe(id)
  })
})
