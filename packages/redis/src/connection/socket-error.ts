import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { RedisTlsOptions } from './redis-store-options.ts'
import type { RedisNode, RedisTarget } from './redis-url.ts'

const PATIENCE_MS = 2_000

/** Why none of these servers can be connected to, as a socket says it; `undefined` where one can. */
export async function socketError({ nodes, tls }: RedisTarget, options: RedisTlsOptions): Promise<Error | undefined> {
  const errors = await Promise.all(nodes.map((node) => errorOf(node, tls ? options : undefined)))
  return errors.every((error) => error !== undefined) ? errors[0] : undefined
}

function errorOf(node: RedisNode, tls: RedisTlsOptions | undefined): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket: Socket = tls ? connectTls({ ...node, ...nameOf(node, tls), ...tls }) : connectPlain({ ...node })
    const done = (error?: Error): void => {
      socket.destroy()
      resolve(error)
    }
    socket.setTimeout(PATIENCE_MS, () => done(new Error(silence(socket, node))))
    socket.on('error', done)
    socket.on(tls ? 'secureConnect' : 'connect', () => done())
  })
}

function silence(socket: Socket, { host, port }: RedisNode): string {
  return socket.connecting
    ? `connect ETIMEDOUT ${host}:${port}`
    : `The TLS handshake was not answered by ${host}:${port}`
}

/** Of a server that is named its name is asked for. */
function nameOf({ host }: RedisNode, { servername }: RedisTlsOptions): { servername?: string } {
  return servername === undefined && /[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {}
}
