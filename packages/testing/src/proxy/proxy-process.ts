import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import type { Readable, Writable } from 'node:stream'

/** A proxy that listens. It is killed, and its folder removed, with this. */
export interface RunningProxy extends AsyncDisposable {
  /** Where it listens, without a slash at its end. */
  readonly url: string
}

/** What a proxy was started with. */
export interface StartedProxy {
  /** What it is called where it fails. */
  readonly name: string
  readonly child: ChildProcessByStdio<Writable | null, Readable | null, Readable>
  readonly port: number
  /** Where its files are: removed in the end. */
  readonly folder: string
}

/**
 * Resolves once the proxy listens on its port of this machine; rejects where it ends before, with what it has said.
 *
 * @example
 * ```ts
 * const ready = (child: StartedProxy['child']) =>
 *   untilProxyListens({ name: 'caddy', child, port: 2015, folder: '/tmp/caddy' })
 * ```
 */
export async function untilProxyListens({ name, child, port, folder }: StartedProxy): Promise<RunningProxy> {
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // A program that is not there comes as an error, and is gone then too.
  child.on('error', ({ message }) => (stderr += message))
  const exited = new Promise((resolve) => child.once('close', resolve))
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${stderr}`)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A port of this machine on which nobody listens.
 *
 * @example
 * ```ts
 * const port = await freePort()
 * ```
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 10))
    return false
  } finally {
    socket.destroy()
  }
}
