// Where things are in the working copy, and how its scripts run other programs. Plain JavaScript for Node 20, no dependencies.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
export const MODULES = join(ROOT, 'node_modules')
/** Where Debian keeps servers; not on everyone's PATH. */
export const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** The project's own Node binaries, by major. */
export const NODE = {
  22: join(ROOT, 'runtimes/node_modules/node22/bin/node'),
  24: join(MODULES, 'node/bin/node'),
  26: join(ROOT, 'runtimes/node_modules/node26/bin/node'),
}

export class SetupError extends Error {}

/** The environment for children: the project's Node comes first, what an outer npm exported about itself is gone. */
export function childEnvironment(env = process.env) {
  const own = new Set([join(MODULES, 'node/bin'), join(MODULES, '.bin')])
  const rest = new Set([...pathEntries(env), ...SERVER_FOLDERS].filter((entry) => !own.has(entry)))
  return { ...withoutNpm(env), PATH: [...own, ...rest].join(delimiter) }
}

/** The caller's environment without this project's `node_modules`, which an installation may be replacing. */
export function outsideEnvironment() {
  const outside = pathEntries(process.env).filter((entry) => !entry.startsWith(MODULES))
  return { ...withoutNpm(process.env), PATH: outside.join(delimiter) }
}

function withoutNpm(env) {
  const inherited = /^(npm_(package|lifecycle)_|npm_config_local_prefix$|npm_command$|INIT_CWD$)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !inherited.test(name)))
}

export function pathEntries(env) {
  return (env.PATH ?? '').split(delimiter).filter(Boolean)
}

export function runQuietly([command, ...args], options, failure) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...options,
  })
  if (!error && status === 0) return
  const output = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-20).join('\n')
  throw new SetupError(`${command} ${args.join(' ')} failed: ${error?.message ?? output}\n${failure}`)
}

export function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

export function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}

export function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}
