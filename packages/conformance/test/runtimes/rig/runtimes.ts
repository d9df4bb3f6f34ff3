import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { freePort, untilProxyListens } from '@sluice/testing/proxy'

const RUNTIMES = fileURLToPath(new URL('../../../../../runtimes/node_modules', import.meta.url))

/** The binary of a package of npm, as it carries one for each platform: its own installer would only have linked to it. */
export function binaryOf(name: string, scope: string, file: string): string {
  const beside = join(realpathSync(join(RUNTIMES, name)), '..', scope)
  return join(beside, readdirSync(beside)[0]!, file)
}

/** What each module of a folder checked, by name. */
export type Checked = Readonly<Record<string, unknown>>
type Run = (folder: string) => Promise<string>

/** Runs `program` in the folder; gives what it has printed. */
async function printed(program: string, args: readonly string[], folder: string): Promise<string> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode}: ${error}`)
  return out
}

/** A worker answers a request: it does nothing before. */
async function askedOfWorkerd(folder: string): Promise<string> {
  const port = await freePort()
  const modules = readdirSync(folder).filter((file) => file.endsWith('.mjs'))
  const own = modules.map((name) => `(name = "${name}", esModule = embed "${name}")`)
  // The first module is the worker.
  const listed = [
    '(name = "worker", esModule = embed "worker.mjs")',
    ...own.filter((line) => !line.includes('worker.mjs')),
  ]
  writeFileSync(join(folder, 'config.capnp'), workerdConfig(port, listed))
  writeFileSync(
    join(folder, 'worker.mjs'),
    `import { checkAll } from './main.mjs'\nexport default { fetch: () => checkAll().then((text) => new Response(text), ({ stack }) => new Response(stack, { status: 500 })) }`,
  )
  const child = spawn(binaryOf('workerd', '@cloudflare', 'bin/workerd'), ['serve', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await using server = await untilProxyListens({ name: 'workerd', child, port, folder })
  const answer = await fetch(server.url)
  const found = await answer.text()
  if (!answer.ok) throw new Error(`workerd answered ${answer.status}: ${found}`)
  return found
}

function workerdConfig(port: number, modules: readonly string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .checks)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const checks :Workerd.Worker = (modules = [${modules.join(', ')}], compatibilityDate = "2026-01-01");
`
}

const node =
  (binary: string): Run =>
  (folder) =>
    printed(binary, ['print.mjs'], folder)

const deno =
  (...permissions: readonly string[]): Run =>
  (folder) =>
    printed(binaryOf('deno', '@deno', 'deno'), ['run', '--no-check', ...permissions, 'print.mjs'], folder)

/** The runtimes that the packages are at home on. */
export const RUNS: Readonly<Record<string, Run>> = {
  'Node 22': node(join(RUNTIMES, 'node22/bin/node')),
  'Node 24': node(process.execPath),
  'Node 26': node(join(RUNTIMES, 'node26/bin/node')),
  Bun: (folder) => printed(binaryOf('bun', '@oven', 'bin/bun'), ['run', 'print.mjs'], folder),
  Deno: deno(),
  workerd: askedOfWorkerd,
}

/** Those of them that have files, with the right to use them. */
export const RUNS_WITH_FILES: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(Object.entries(RUNS).filter(([name]) => name !== 'workerd')),
  Deno: deno('--allow-all'),
}

/** Runs the checks of these bundles in one process of a runtime; each is a module of its own. */
export async function runOn(run: Run, bundles: Readonly<Record<string, string>>): Promise<Checked> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-alone-'))
  try {
    const names = Object.keys(bundles)
    for (const name of names) writeFileSync(join(folder, `${name}.mjs`), bundles[name]!)
    writeFileSync(join(folder, 'main.mjs'), mainOf(names))
    writeFileSync(join(folder, 'print.mjs'), `import { checkAll } from './main.mjs'\nconsole.log(await checkAll())`)
    return JSON.parse(await run(folder)) as Checked
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function mainOf(names: readonly string[]): string {
  const imports = names.map((name, index) => `import { check as check${index} } from './${name}.mjs'`)
  const checks = names.map((name, index) => `found[${JSON.stringify(name)}] = await check${index}()`)
  return `${imports.join('\n')}\nexport async function checkAll() {\n  const found = {}\n  ${checks.join('\n  ')}\n  return JSON.stringify(found)\n}\n`
}
