import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
/** What one process has compiled of the source, the next need not. */
const COMPILED = fileURLToPath(new URL('../../../../node_modules/.cache/compiled', import.meta.url))
const READY = /ready at (http:\/\/\S+)/

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A run of the gateway's command line. */
export interface CliRun {
  readonly process: ChildProcess
  readonly stdout: string
  readonly stderr: string
  readonly exited: Promise<Exit>
}

/** The gateway as its users run it. */
export interface SpawnedGateway extends CliRun, AsyncDisposable {
  readonly url: string
  readonly port: number
}

/** Runs the command line from source. Nothing of this process's environment reaches its options. */
export function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliRun {
  const child = spawn(process.execPath, ['--conditions=@sluice/source', CLI, ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Exit)
  return {
    process: child,
    get stdout() {
      return stdout
    },
    get stderr() {
      return stderr
    },
    exited,
  }
}

/** Starts a gateway on a free port; resolves once it says that it is ready. */
export async function spawnGateway(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SpawnedGateway> {
  const run = runCli(['--port', '0', ...flags], env)
  const url = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = READY.exec(run.stdout)?.[1]
      if (found) resolve(found)
    }
    run.process.stdout!.on('data', look)
    void run.exited.then(({ code }) => reject(new Error(`The gateway ended with ${code}: ${run.stderr}`)))
  })
  return {
    ...run,
    get stdout() {
      return run.stdout
    },
    get stderr() {
      return run.stderr
    },
    url,
    port: Number(new URL(url).port),
    async [Symbol.asyncDispose]() {
      // Only this very process, and only if it still runs.
      if (run.process.exitCode === null && run.process.signalCode === null) run.process.kill('SIGKILL')
      await run.exited
    },
  }
}
