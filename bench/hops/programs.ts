import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { freePort, untilProxyListens } from '@sluice/testing/proxy'

import { missingPeers } from '../contestants/peers/installed/versions.ts'
import { Child } from '../process/child.ts'
import type { Hop, HopKind } from './hop.ts'

const PORTKEY = fileURLToPath(
  new URL('../contestants/peers/installed/node_modules/@portkey-ai/gateway/build/start-server.js', import.meta.url),
)

/** A program of the bench's own. */
function own(name: string, program: string, argOf: (backendPort: number) => string): HopKind {
  return {
    name,
    async start(backendPort): Promise<Hop> {
      const child = new Child(program, [argOf(backendPort)])
      const { port } = await child.ask<{ port: number }>('listen')
      return { port, pid: child.pid, [Symbol.asyncDispose]: () => child.stop() }
    },
  }
}

export const pipe: HopKind = own('node:http pipe', 'contestants/pipe.ts', String)
export const sluiceGateway: HopKind = own(
  'sluice gateway',
  'contestants/gateway.ts',
  (backendPort) => `http://127.0.0.1:${backendPort}/v1`,
)

export const portkey: HopKind = {
  name: 'Portkey gateway',
  missing: missingPeers,
  async start(backendPort): Promise<Hop> {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'sluice-portkey-'))
    const child = spawn(process.execPath, [PORTKEY, `--port=${port}`, '--headless'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: folder,
      env: { ...process.env, NODE_ENV: 'production' },
    })
    const running = await untilProxyListens({ name: 'Portkey', child, port, folder })
    return {
      port,
      pid: child.pid!,
      headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${backendPort}/v1` },
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    }
  },
}
