import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url))
/** What was started and may still run. */
export const children: ChildProcess[] = []

/** Ends what was started. Asked, not killed: a framework's own command has children that would be left. */
export async function endExamples(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}

export const SERVER = ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning', 'server.ts']
/** What `npm start` does in an example whose server is the framework's. */
export const NEXT = ['node_modules/next/dist/bin/next', 'dev', '--hostname', '127.0.0.1']

/** Starts an example on a free port; gives its address once it has said that it is ready. */
export async function startExample(name: string, args: readonly string[] = SERVER): Promise<string> {
  const env = { ...process.env, PORT: '0', NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' }
  const child = spawn(process.execPath, args, { cwd: join(EXAMPLES, name), env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface(child.stdout)) {
    const address = /(?:ready at|Local:) +(\S+)/.exec(line)?.[1]
    if (address) return address
  }
  throw new Error(`the example ${name} ended before it was ready`)
}

/** The text of native events. */
export const textOf = (events: string): string =>
  [...events.matchAll(/^event: text\ndata: (.*)$/gm)]
    .map(([, data]) => (JSON.parse(data!) as { text: string }).text)
    .join('')
