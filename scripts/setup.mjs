// Brings the working copy to a state where everything else can run. Plain JavaScript for Node 20, no dependencies.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.sluice-setup')
const LOCK = join(ROOT, '.sluice-setup.lock')
/** Where Debian keeps servers; not on everyone's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const LOCK_MAX_AGE_MS = 30 * 60_000
const INSTALL = ['-y', 'pnpm@12', 'install']
/** Where code is generated from `proto/`, with what is installed there and nothing else. */
const GRPC = join(ROOT, 'packages/grpc')

/** The project's own Node binaries, by major. */
export const NODE = {
  22: join(ROOT, 'runtimes/node_modules/node22/bin/node'),
  24: join(MODULES, 'node/bin/node'),
  26: join(ROOT, 'runtimes/node_modules/node26/bin/node'),
}

/** Programs the tests drive: what to look for on PATH, and what may stand in for it. */
const PROGRAMS = [
  // No stand-in: the tests kill and pause their servers, which nobody wants done to one of their own.
  { name: 'redis-server', commands: ['redis-server'] },
  {
    name: 'chromium',
    variable: 'CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  },
  { name: 'nginx', variable: 'NGINX_PATH', commands: ['nginx'] },
  // A library, not a program: it is there when its folder is.
  {
    name: 'python3-websockets',
    variable: 'PYTHON_WEBSOCKETS',
    commands: [],
    folders: ['/usr/lib/python3/dist-packages/websockets'],
  },
  // No program but a module of Debian's own Python, which is looked for where that keeps it.
  {
    name: 'python3-grpcio',
    variable: 'PYTHON_GRPC_PATH',
    commands: ['/usr/lib/python3/dist-packages/grpc/__init__.py'],
  },
]

export class SetupError extends Error {}

/** Installs packages when they are missing or stale and, for tests, the programs the tests drive. */
export async function setup({ forTests = false } = {}) {
  if (isReady(forTests)) return
  const release = await acquireLock()
  try {
    if (!isInstalled()) installPackages()
    if (forTests) installPrograms(missingPrograms())
  } finally {
    release()
  }
}

/** The environment for children: the project's Node comes first, what an outer npm exported about itself is gone. */
export function childEnvironment(env = process.env) {
  const own = new Set([join(MODULES, 'node/bin'), join(MODULES, '.bin')])
  const rest = new Set([...pathEntries(env), ...SERVER_FOLDERS].filter((entry) => !own.has(entry)))
  return { ...withoutNpm(env), PATH: [...own, ...rest].join(delimiter) }
}

function isReady(forTests) {
  return isInstalled() && (!forTests || missingPrograms().length === 0)
}

function isInstalled() {
  const made = [...Object.values(NODE), join(GRPC, 'src/gen')]
  return made.every((file) => existsSync(file)) && readIfThere(STAMP) === fingerprint()
}

function installPackages() {
  const inCi = Boolean(process.env.CI)
  const hasLockfile = existsSync(join(ROOT, 'pnpm-lock.yaml'))
  // Outside CI a stale lockfile is brought up to date; a matching one is used as it is in both cases.
  const mode = inCi && hasLockfile ? '--frozen-lockfile' : '--prefer-frozen-lockfile'
  say(`installing packages (npx ${INSTALL.join(' ')} ${mode}); the first time takes about a minute`)
  const started = performance.now()
  rmSync(STAMP, { force: true })
  runQuietly(['npx', ...INSTALL, mode], { env: outsideEnvironment() }, 'the packages could not be installed')
  for (const [major, binary] of Object.entries(NODE)) {
    const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim()
    if (!version.startsWith(`v${major}.`)) throw new SetupError(`${binary} is Node ${version}, expected ${major}`)
  }
  generateCode()
  writeFileSync(STAMP, fingerprint())
  say(`packages installed in ${seconds(started)}`)
}

/** What protobuf says, as TypeScript: not in git, since it follows from what is. */
function generateCode() {
  const bin = join(GRPC, 'node_modules/.bin')
  const { PATH, ...env } = childEnvironment()
  const options = { cwd: GRPC, env: { ...env, PATH: [bin, PATH].join(delimiter) } }
  rmSync(join(GRPC, 'src/gen'), { recursive: true, force: true })
  runQuietly([join(bin, 'buf'), 'generate'], options, 'code could not be generated from packages/grpc/proto')
}

function installPrograms(missing) {
  if (missing.length === 0) return
  const names = missing.map((program) => program.name)
  const isRoot = process.getuid?.() === 0
  const sudo = isRoot ? [] : findProgram('sudo') ? ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND,RUNLEVEL'] : undefined
  if (!findProgram('apt-get') || !sudo) throw new SetupError(missingMessage(missing))
  say(`installing ${names.join(', ')} with apt-get; this can take a few minutes`)
  const started = performance.now()
  // Run level 1 keeps Debian from starting the services it installs.
  const options = { env: { ...outsideEnvironment(), DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
  const apt = [...sudo, 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0']
  const failed = missingMessage(missing)
  runQuietly([...apt, 'update'], options, failed)
  runQuietly([...apt, 'install', '-y', '--no-install-recommends', ...names], options, failed)
  const still = missingPrograms()
  if (still.length > 0) throw new SetupError(missingMessage(still))
  say(`${names.join(', ')} installed in ${seconds(started)}`)
}

function missingPrograms() {
  return PROGRAMS.filter(
    ({ variable, commands, folders = [] }) =>
      !(variable && process.env[variable]) &&
      !commands.some(findProgram) &&
      !folders.some((folder) => existsSync(folder)),
  )
}

function missingMessage(missing) {
  return missing
    .map(({ name, variable }) => {
      const other = variable ? `, or set ${variable}` : ''
      return `the tests need ${name}: install it (apt-get install ${name})${other}`
    })
    .join('\n')
}

function findProgram(command) {
  if (isAbsolute(command)) return existsSync(command)
  return [...pathEntries(process.env), ...SERVER_FOLDERS].some((folder) => {
    const file = join(folder, command)
    return existsSync(file) && statSync(file).isFile()
  })
}

/** What decides whether an installation is current: the lockfile, every manifest, and what code is generated from. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of manifests()) hash.update(`\n${file}\n`).update(readIfThere(join(ROOT, file)) ?? '')
  return hash.digest('hex')
}

function manifests() {
  const folders = ['packages', 'examples'].flatMap((parent) =>
    existsSync(join(ROOT, parent)) ? readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`) : [],
  )
  const packages = ['.', 'bench', 'runtimes', ...folders].map((folder) => `${folder}/package.json`)
  const proto = readdirSync(join(GRPC, 'proto'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.proto'),
  )
  const generated = ['buf.gen.yaml', ...proto.map((name) => `proto/${name}`)].map((name) => `packages/grpc/${name}`)
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...packages.sort(), ...generated.sort()].filter((file) =>
    existsSync(join(ROOT, file)),
  )
}

/** One set-up at a time per working copy. The lock is a folder that appears whole, with its owner's name in it. */
async function acquireLock() {
  const owner = JSON.stringify({ pid: process.pid, host: hostname() })
  const mine = `${LOCK}.${process.pid}`
  let told = false
  for (;;) {
    rmSync(mine, { recursive: true, force: true })
    mkdirSync(mine)
    writeFileSync(join(mine, 'owner'), owner)
    try {
      renameSync(mine, LOCK)
      const release = () => rmSync(LOCK, { recursive: true, force: true })
      process.once('exit', release)
      return () => {
        process.off('exit', release)
        release()
      }
    } catch (error) {
      rmSync(mine, { recursive: true, force: true })
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
    const holder = readIfThere(join(LOCK, 'owner'))
    if (holder !== undefined && isStale(holder)) breakLock(holder)
    else {
      if (!told) say(`waiting for another set-up of this working copy (${holder ?? 'just finished'})`)
      told = true
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}

function isStale(holder) {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs > LOCK_MAX_AGE_MS) return true
    const { pid, host } = JSON.parse(holder)
    if (host !== hostname()) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function breakLock(holder) {
  const aside = `${LOCK}.stale.${process.pid}`
  try {
    renameSync(LOCK, aside)
    // Someone may have broken it and taken it between our look and our rename: then it is theirs, hand it back.
    if (readIfThere(join(aside, 'owner')) !== holder) renameSync(aside, LOCK)
  } catch {
    // Someone else was faster; look again.
  }
  rmSync(aside, { recursive: true, force: true })
}

/** The caller's environment without this project's `node_modules`, which an installation may be replacing. */
function outsideEnvironment() {
  const outside = pathEntries(process.env).filter((entry) => !entry.startsWith(MODULES))
  return { ...withoutNpm(process.env), PATH: outside.join(delimiter) }
}

function withoutNpm(env) {
  const inherited = /^(npm_(package|lifecycle)_|npm_config_local_prefix$|npm_command$|INIT_CWD$)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !inherited.test(name)))
}

function pathEntries(env) {
  return (env.PATH ?? '').split(delimiter).filter(Boolean)
}

function runQuietly([command, ...args], options, failure) {
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

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}
