import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'

import { type Ran, ROOT } from './sandbox.ts'

const MARK = 'end-of-block'
/** What the test runner and npm have put into the environment is nothing that a reader of a document has. */
const OURS = /^(VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$|PROD$|DEV$|npm_|INIT_CWD$|SLUICE_)/

/** One shell, as the reader of a document has it: folder, variables and background jobs stay from block to block. */
export class ShellSession implements AsyncDisposable {
  readonly #shell: ChildProcess
  #stdout = ''
  #stderr = ''
  #wake: (() => void) | undefined

  constructor(folder: string) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)))
    const PATH = [join(ROOT, 'node_modules/node/bin'), env.PATH].join(delimiter)
    // A group of its own, so that what a block leaves in the background ends with it.
    this.#shell = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env: { ...env, PATH }, detached: true })
    this.#shell.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#wake?.()
    })
    this.#shell.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#shell.on('close', () => this.#wake?.())
  }

  get over(): boolean {
    return this.#shell.exitCode !== null || this.#shell.signalCode !== null
  }

  /** Runs lines to their end, each unless the one before has failed. */
  async run(lines: string): Promise<Ran> {
    this.#stdout = this.#stderr = ''
    const steps = lines.trimEnd().replaceAll(/(?<![\\&])\n(?! )/g, ' &&\n')
    this.#shell.stdin!.write(`{\n${steps}\n}\nprintf '\\n${MARK} %d\\n' $?\n`)
    const over = new RegExp(`\\n${MARK} (\\d+)\\n`)
    let match: RegExpExecArray | null
    while (!(match = over.exec(this.#stdout)) && !this.over) await new Promise<void>((woken) => (this.#wake = woken))
    const stdout = match ? this.#stdout.slice(0, match.index) : this.#stdout
    return { code: match ? Number(match[1]) : 'over', stdout, stderr: this.#stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.over) return
    const closed = once(this.#shell, 'close')
    process.kill(-this.#shell.pid!, 'SIGKILL')
    await closed
  }
}
