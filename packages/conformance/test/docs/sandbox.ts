import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../..', import.meta.url))
const PARENT = join(ROOT, 'packages/conformance/.artifacts')
const NODE = join(ROOT, 'node_modules/.bin/node')
const TSC = join(ROOT, 'node_modules/.bin/tsc')
const FROM_SOURCE = ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning']
const RUN_MS = 90_000
const LISTEN_MS = 60_000
/** What samples import beside our own packages, and where it is installed. */
const OTHERS = {
  express: 'packages/express',
  '@types/express': 'packages/express',
  fastify: 'packages/fastify',
  hono: 'packages/hono',
  '@hono/node-server': 'packages/hono',
  next: 'packages/next',
  rxjs: 'packages/rxjs',
  react: 'packages/react',
  'react-dom': 'packages/react',
  '@types/react': 'packages/react',
  '@types/react-dom': 'packages/react',
  ioredis: 'packages/redis',
  'fast-check': 'packages/testing',
  vitest: 'packages/conformance',
  '@connectrpc': 'packages/grpc',
  openai: 'packages/conformance',
}

/** How a child ended. */
export interface Ran {
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder inside the repository, ignored by git, in which every package of ours can be imported. Removed at the end. */
export class Sandbox implements AsyncDisposable {
  readonly folder: string
  readonly #children: ChildProcess[] = []

  constructor() {
    mkdirSync(PARENT, { recursive: true })
    this.folder = mkdtempSync(join(PARENT, 'docs-'))
    const modules = join(this.folder, 'node_modules')
    mkdirSync(join(modules, '@sluice'), { recursive: true })
    for (const name of readdirSync(join(ROOT, 'packages'))) {
      if (existsSync(join(ROOT, 'packages', name, 'package.json')))
        symlinkSync(join(ROOT, 'packages', name), join(modules, '@sluice', name))
    }
    for (const [name, owner] of Object.entries(OTHERS)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(join(ROOT, owner, 'node_modules', name), join(modules, name))
    }
    this.write('package.json', '{ "type": "module" }\n')
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name)
    writeFileSync(file, text)
    return file
  }

  /** Runs a module from source, to its end. */
  run(file: string): Promise<Ran> {
    return this.#toEnd(NODE, [...FROM_SOURCE, file])
  }

  /** Runs shell lines. That the last one fails is no failure: a reader that is cut says so. */
  shell(script: string): Promise<Ran> {
    return this.#toEnd('bash', ['-c', script])
  }

  /** Type-checks every module in the folder; gives the complaints about these, not about what they import. */
  async typeCheck(): Promise<string> {
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      noImplicitAny: false,
      skipLibCheck: true,
    }
    const config = { extends: join(ROOT, 'tsconfig.noemit.json'), compilerOptions, include: ['*.ts'] }
    this.write('tsconfig.json', JSON.stringify(config))
    const { stdout, stderr } = await this.#toEnd(TSC, ['-p', this.folder, '--pretty', 'false'])
    const complaints = `${stdout}${stderr}`.split(/\n(?=\S)/)
    return complaints
      .filter((complaint) => !complaint.startsWith('../'))
      .join('\n')
      .trim()
  }

  /** Starts a server that listens on `port`; it is stopped at the latest with the sandbox. */
  async serve(args: readonly string[], port: number): Promise<() => Promise<void>> {
    const child = spawn(NODE, [...FROM_SOURCE, ...args], { cwd: this.folder, stdio: ['ignore', 'ignore', 'inherit'] })
    this.#children.push(child)
    await untilListening(port, () => child.exitCode !== null)
    return () => stop(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(stop))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #toEnd(command: string, args: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      execFile(command, args, { cwd: this.folder, timeout: RUN_MS }, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? error.signal ?? 'failed') : 0, stdout, stderr })
      })
    })
  }
}

/** Resolves once somebody listens on `port`; rejects when that takes too long, or cannot happen any more. */
export async function untilListening(port: number, isOver: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + LISTEN_MS
  while (!(await listens(port))) {
    if (isOver() || performance.now() > giveUpMs) throw new Error(`Nobody listens on ${port}.`)
    await sleep(50)
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
