import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { ServedIntegration } from '@sluice/conformance'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const APP = fileURLToPath(new URL('../app', import.meta.url))
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
/** Builds that were made; ignored by git. As deep below the root as the application itself is. */
const BUILDS = fileURLToPath(new URL('../../.artifacts', import.meta.url))
/** What is bundled: as it is built for npm, which is what users have. */
const BUNDLED = ['core', 'sse', 'wires', 'http', 'next', 'conformance']
const LINKED = ['next', 'react', 'react-dom']
const NEXT = 'node_modules/next/dist/bin/next'
const ENVIRONMENT = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' as const, NODE_OPTIONS: '' }

const run = promisify(execFile)

/** The folder of the application, built: anew where the lock file, the application or our packages have changed. */
export async function builtApp(): Promise<string> {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  await run(tsc, ['-b', 'packages/next', 'packages/conformance'], { cwd: ROOT })
  const folder = join(BUILDS, fingerprint())
  if (existsSync(folder)) return folder
  rmSync(BUILDS, { recursive: true, force: true })
  const making = join(BUILDS, 'making')
  cpSync(APP, making, { recursive: true })
  mkdirSync(join(making, 'node_modules/@sluice'), { recursive: true })
  for (const name of BUNDLED) symlinkSync(join(ROOT, 'packages', name), join(making, 'node_modules/@sluice', name))
  for (const name of LINKED) symlinkSync(join(MODULES, name), join(making, 'node_modules', name))
  await run(process.execPath, [NEXT, 'build'], { cwd: making, env: ENVIRONMENT })
  // Only what was built to its end has the name that is looked for.
  renameSync(making, folder)
  return folder
}

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'pnpm-lock.yaml')))
  for (const folder of [APP, ...BUNDLED.map((name) => join(ROOT, 'packages', name, 'dist'))]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map((entry) => join(entry.parentPath, entry.name))
    for (const file of files.toSorted()) hash.update(file.slice(ROOT.length)).update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}

/** An application that `next start` serves. */
export interface StartedApp extends ServedIntegration {
  /** Everything that it has printed. */
  printed(): string
  /** Asks it to stop, as a platform does; resolves once it has. */
  stop(): Promise<void>
}

/** Starts a built application on a free port. */
export async function startApp(folder: string, environment: Record<string, string> = {}): Promise<StartedApp> {
  const child = spawn(process.execPath, [NEXT, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: folder,
    env: { ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const url = await urlOf(child, (line) => (printed += `${line}\n`))
  return {
    url,
    printed: () => printed,
    stop: () => ended(child, 'SIGTERM'),
    close: () => ended(child, 'SIGKILL'),
  }
}

function urlOf(child: ChildProcess, note: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let url: string | undefined
    createInterface(child.stdout!).on('line', (line) => {
      note(line)
      url ??= /Local: +(http:\S+)/.exec(line)?.[1]
      if (url !== undefined && line.includes('Ready')) resolve(url)
    })
    child.once('exit', () => reject(new Error('next start has ended before it was ready')))
  })
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exit
}
