import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { ServedIntegration } from '@sluice/conformance'
import { until } from '@sluice/testing/patience'
import { freePort } from '@sluice/testing/proxy'
import { rolldown } from 'rolldown'

import { binaryOf } from '../../../conformance/test/runtimes/rig/runtimes.ts'

/** How a runtime serves a bundle. */
interface Runtime {
  /** Its binary, which a package of npm carries for each platform. */
  readonly binary: () => string
  readonly entry: string
  /** Files beside the bundle. */
  readonly files?: (port: number) => Record<string, string>
  readonly args: (port: number) => readonly string[]
}

const START_MS = 60_000

/** The runtimes beside Node that Hono is at home on. */
export const runtimes: Readonly<Record<'Bun' | 'Deno' | 'workerd', Runtime>> = {
  Bun: { binary: () => binaryOf('bun', '@oven', 'bin/bun'), entry: 'entry.ts', args: () => ['run', 'bundle.mjs'] },
  Deno: {
    binary: () => binaryOf('deno', '@deno', 'deno'),
    entry: 'entry.ts',
    args: (port) => ['serve', '--no-check', '-A', '--host', '127.0.0.1', '--port', String(port), 'bundle.mjs'],
  },
  workerd: {
    binary: () => binaryOf('workerd', '@cloudflare', 'bin/workerd'),
    entry: 'worker-entry.ts',
    files: (port) => ({ 'config.capnp': workerdConfig(port) }),
    args: () => ['serve', 'config.capnp'],
  },
}

/** Serves the suite's application on a runtime: the same bundle that its users would deploy. */
export async function serveOn({ binary, entry, files, args }: Runtime): Promise<ServedIntegration> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-runtime-'))
  writeFileSync(join(folder, 'bundle.mjs'), await bundle(fileURLToPath(new URL(entry, import.meta.url))))
  const port = await freePort()
  for (const [name, text] of Object.entries(files?.(port) ?? {})) writeFileSync(join(folder, name), text)
  const env = { ...process.env, PORT: String(port), DENO_NO_UPDATE_CHECK: '1' }
  const child = spawn(binary(), args(port), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const url = `http://127.0.0.1:${port}`
  const listens = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`It has ended: ${printed}`)
    return fetch(`${url}/v1/own`).then(
      ({ ok }) => ok,
      () => false,
    )
  }
  await until(listens, () => `it listens: ${printed}`, START_MS)
  return {
    url,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function bundle(input: string): Promise<string> {
  const conditionNames = ['@sluice/source', 'workerd', 'import', 'default']
  const bundled = await rolldown({ input, external: /^node:/, resolve: { conditionNames } })
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false })
  return output[0].code
}

function workerdConfig(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .suite)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const suite :Workerd.Worker = (
  modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [(className = "Suite", uniqueKey = "suite")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "SUITE", durableObjectNamespace = "Suite")]
);
`
}
