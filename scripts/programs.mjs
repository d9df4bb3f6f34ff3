// The programs the tests drive: which are missing, and how they are installed.
import { existsSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { SERVER_FOLDERS, SetupError, outsideEnvironment, pathEntries, runQuietly, say, seconds } from './workspace.mjs'

/** Programs the tests drive: what to look for on PATH, and what may stand in for it. */
const PROGRAMS = [
  // No stand-in: the tests kill and pause their servers, which nobody wants done to one of their own.
  { name: 'redis-server', commands: ['redis-server'] },
  { name: 'openssl', commands: ['openssl'] },
  {
    name: 'chromium',
    variable: 'CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  },
  { name: 'firefox-esr', variable: 'FIREFOX_PATH', commands: ['firefox-esr', 'firefox'] },
  { name: 'nginx', variable: 'NGINX_PATH', commands: ['nginx'] },
  { name: 'caddy', variable: 'CADDY_PATH', commands: ['caddy'] },
  { name: 'haproxy', variable: 'HAPROXY_PATH', commands: ['haproxy'] },
  // A library, not a program: it is there when its folder is.
  {
    name: 'python3-websockets',
    variable: 'PYTHON_WEBSOCKETS',
    commands: [],
    folders: ['/usr/lib/python3/dist-packages/websockets'],
  },
  {
    name: 'python3-httpx',
    variable: 'PYTHON_HTTPX',
    commands: [],
    folders: ['/usr/lib/python3/dist-packages/httpx'],
  },
  // No program but a module of Debian's own Python, which is looked for where that keeps it.
  {
    name: 'python3-grpcio',
    variable: 'PYTHON_GRPC_PATH',
    commands: ['/usr/lib/python3/dist-packages/grpc/__init__.py'],
  },
]

export function installPrograms(missing) {
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

export function missingPrograms() {
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
