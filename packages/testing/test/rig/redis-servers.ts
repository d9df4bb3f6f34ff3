import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '@sluice/testing/redis'
import { onTestFinished } from 'vitest'

/** The fixtures, for a process or a thread that imports them itself. */
export const SOURCE = new URL('../../src/redis.ts', import.meta.url).href

/** A server that ends with the test. */
export async function startServer(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedisServer(options)
  onTestFinished(() => server.close())
  return server
}

/** A connection of someone else's that the server has answered. */
export async function dialServer({ host, port }: RedisServer): Promise<Socket> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write('PING\r\n')
  await once(socket, 'data')
  return socket
}

export async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  return once(socket, 'connect').then(
    () => !socket.destroy().connecting,
    () => false,
  )
}

/** Runs a module with the fixtures as `redis`; gives what it prints first. */
export async function runModule(body: string): Promise<{ child: ChildProcess; line: string }> {
  const code = `import * as redis from ${JSON.stringify(SOURCE)}\n${body}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}
