import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type ChaosProxy, type ChaosProxyOptions, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { onTestFinished } from 'vitest'

/** Both ends of a connection through the proxy. */
export interface Pair {
  readonly client: Socket
  readonly server: Socket
}

/** A server whose end of each connection the test holds, behind a proxy. */
export async function startProxied(
  options: Partial<ChaosProxyOptions> = {},
): Promise<{ proxy: ChaosProxy; dial: () => Promise<Pair> }> {
  const served: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {})
    served.push(socket)
    server.emit('served', socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const proxy = await startChaosProxy({ target: { port: (server.address() as AddressInfo).port }, ...options })
  onTestFinished(async () => {
    await proxy.close()
    for (const socket of served) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const dial = async (): Promise<Pair> => {
    const accepted = once(server, 'served') as Promise<[Socket]>
    const client = await dialProxy(proxy)
    return { client, server: (await accepted)[0] }
  }
  return { proxy, dial }
}

export async function dialProxy({ port }: ChaosProxy): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  client.on('error', () => {})
  onTestFinished(() => void client.destroy())
  await once(client, 'connect')
  return client
}

/** Everything a socket receives until its other end closes, and how it closed. */
export async function received(socket: Socket): Promise<{ text: string; chunks: number[]; how: string }> {
  const parts: Buffer[] = []
  socket.on('data', (bytes: Buffer) => parts.push(bytes))
  const how = await Promise.race([
    once(socket, 'end').then(() => 'fin'),
    new Promise<string>((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!))),
  ])
  return { text: Buffer.concat(parts).toString(), chunks: parts.map((part) => part.length), how }
}
