import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { SluiceStats } from '@sluice/core'

const PROGRAM = fileURLToPath(new URL('gateway-process.ts', import.meta.url))

/** What a gateway holds: bytes of its heap and beside it, streams, readings. */
export interface Held extends SluiceStats {
  readonly bytes: number
}

/** A gateway in a process of its own. */
export interface FuzzedGateway extends AsyncDisposable {
  readonly port: number
  readonly grpcPort: number
  /** All it has logged. */
  readonly log: string
  /** How it ended, if it has. */
  readonly exit: string | undefined
  /** What it holds once it has let go of what it can. */
  held(): Promise<Held>
}

export async function startFuzzedGateway(flags: readonly string[]): Promise<FuzzedGateway> {
  const child = fork(PROGRAM, ['--port', '0', '--grpc-port', '0', ...flags], {
    execArgv: ['--expose-gc', '--conditions=@sluice/source', '--disable-warning=ExperimentalWarning'],
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let log = ''
  for (const output of [child.stdout!, child.stderr!])
    output.setEncoding('utf8').on('data', (text: string) => (log += text))
  let exit: string | undefined
  const ended = once(child, 'exit').then(([code, signal]) => (exit = `${code ?? signal}`))
  const told = await Promise.race([nextMessage(child), ended])
  if (typeof told === 'string') throw new Error(`The gateway ended with ${told}: ${log}`)
  const { url, grpcAddress } = told as { url: string; grpcAddress: string }
  return {
    port: Number(new URL(url).port),
    grpcPort: Number(grpcAddress.split(':').at(-1)),
    get log() {
      return log
    },
    get exit() {
      return exit
    },
    async held() {
      const answer = nextMessage(child)
      child.send('tell')
      const held = await Promise.race([answer, ended])
      if (typeof held === 'string') throw new Error(`The gateway ended with ${held}: ${log.slice(-4_000)}`)
      return held as Held
    },
    async [Symbol.asyncDispose]() {
      if (exit === undefined) child.kill('SIGKILL')
      await ended
    },
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, 'message')) as [unknown]
  return message
}
