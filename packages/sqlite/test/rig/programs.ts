import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { newDirectories } from './directories.ts'

const FROM_SOURCE = ['--conditions=@sluice/source']
/** What one process has compiled, the next need not. */
let cache: string | undefined
const newDirectory = newDirectories()
const compiled = (): string => (cache ??= newDirectory())
const CRASH = new URL('../crash/', import.meta.url)
const pathOf = (program: string | URL): string => fileURLToPath(new URL(program, CRASH))

/** Runs a program, by its name one of the folder `crash`, to its end; gives what it has printed, as JSON. */
export async function printed(program: string | URL, args: readonly string[]): Promise<unknown> {
  return outputOf(process.execPath, [...FROM_SOURCE, pathOf(program), ...args])
}

/** The same below a mount that is the program's own: `mount` is run first, as root of a namespace. */
export async function printedBelow(mount: string, program: string | URL, args: readonly string[]): Promise<unknown> {
  const node = [process.execPath, ...FROM_SOURCE, pathOf(program), ...args].map((word) => `'${word}'`).join(' ')
  return outputOf('unshare', ['-rm', 'sh', '-c', `${mount} && exec ${node}`])
}

async function outputOf(command: string, args: readonly string[]): Promise<unknown> {
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled() }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0)
    throw new Error(`${command} has ended with ${child.exitCode ?? child.signalCode}: ${errors}`)
  return JSON.parse(output)
}
