import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a child program can be asked: one function per question, JSON in, JSON out. */
export interface Answers {
  readonly [question: string]: (input: never) => unknown
}

interface Message {
  id: number
  question?: string
  input?: unknown
  answer?: unknown
  error?: string
}

const ASK_TIMEOUT_MS = 180_000

/** Answers the parent's questions until it goes away. The program's side of {@link Child}. */
export function answerParent(answers: Answers): void {
  process.on('message', (message: Message) => void answerOne(answers, message))
  process.on('disconnect', () => process.exit(0))
}

async function answerOne(answers: Answers, { id, question = '', input }: Message): Promise<void> {
  try {
    const answer = await (answers[question] as ((input: unknown) => unknown) | undefined)?.(input)
    process.send!({ id, answer } satisfies Message)
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

/** A program in a process of its own, which is asked one thing at a time or several. */
export class Child {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #waiting: Map<number, PromiseWithResolvers<unknown>> = new Map()
  readonly #gone = Promise.withResolvers<void>()
  #lastId = 0
  #isGone = false

  /** `program` is relative to bench/. */
  constructor(program: string, args: readonly string[], nodeOptions: readonly string[] = []) {
    this.#name = program
    this.#process = fork(fileURLToPath(new URL(`../${program}`, import.meta.url)), args, {
      execArgv: ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning', '--expose-gc', ...nodeOptions],
    })
    this.#process.on('message', ({ id, answer, error }: Message) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(`${this.#name}: ${error}`))
    })
    this.#process.on('exit', (code, signal) => this.#over(`ended (${signal ?? code})`))
    this.#process.on('error', (error) => this.#over(error.message))
  }

  get pid(): number {
    return this.#process.pid!
  }

  async ask<Answer = void>(question: string, input: unknown = {}): Promise<Answer> {
    if (this.#isGone) throw new Error(`${this.#name} has ended before it was asked "${question}".`)
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#process.send({ id, question, input } satisfies Message)
    const timer = setTimeout(
      () => waiting.reject(new Error(`${this.#name} did not answer "${question}" in ${ASK_TIMEOUT_MS / 1_000} s.`)),
      ASK_TIMEOUT_MS,
    )
    try {
      return (await waiting.promise) as Answer
    } finally {
      clearTimeout(timer)
    }
  }

  /** SIGKILL: the program gets to do nothing more. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Ends the process; settles when it has gone. */
  stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000)
    return this.#gone.promise.finally(() => clearTimeout(timer))
  }

  #over(why: string): void {
    this.#isGone = true
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(`${this.#name} ${why}.`))
    this.#waiting.clear()
    this.#gone.resolve()
  }
}
