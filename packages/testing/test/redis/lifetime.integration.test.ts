import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listens, runModule, SOURCE, startServer } from '../rig/redis-servers.ts'

describe('parallel starts', () => {
  test('in one process get ports of their own', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => startServer()))
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
    onTestFinished(async () => void (await Promise.all(workers.map((worker) => worker.terminate()))))
    const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message')) as [number[]]))
    expect(new Set(ports.flat(2)).size).toBe(9)
    await Promise.all(workers.map((worker) => (worker.postMessage('close'), once(worker, 'exit'))))
  })

  test('step over a port that is in use', async () => {
    const { port } = await startServer()
    const ahead = [1, 2, 3].map((distance) => port + distance)
    const squatters = ahead.map((taken) => createServer().listen(taken, '127.0.0.1'))
    onTestFinished(() => squatters.forEach((squatter) => squatter.close()))
    // One that another process has is in use as well.
    await Promise.all(squatters.map((squatter) => once(squatter, 'listening').catch(() => {})))
    expect(ahead).not.toContain((await startServer()).port)
  })
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
    await expect.poll(() => Promise.all(ports.map(listens))).toEqual([false, false])
    const left = (): string[] => directories.filter((directory) => existsSync(directory))
    await expect.poll(left).toEqual([])
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
