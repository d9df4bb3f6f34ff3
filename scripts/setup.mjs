// Brings the working copy to a state where everything else can run. Plain JavaScript for Node 20, no dependencies.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installPrograms, missingPrograms } from './programs.mjs'
import { buildPage, isPageBuilt } from './page.mjs'
import { acquireLock } from './setup-lock.mjs'
import {
  MODULES,
  NODE,
  ROOT,
  SetupError,
  childEnvironment,
  outsideEnvironment,
  readIfThere,
  runQuietly,
  say,
  seconds,
} from './workspace.mjs'

const STAMP = join(MODULES, '.sluice-setup')
const INSTALL = ['-y', 'pnpm@12', 'install']
/** Where code is generated from `proto/`, with what is installed there and nothing else. */
const GRPC = join(ROOT, 'packages/grpc')
/** TypeDoc, beside the workspace: it wants another TypeScript. */
const REFERENCE = 'docs/reference'
/** What the bench measures sluice beside, outside the workspace too: nothing else needs it. */
const PEERS = 'bench/contestants/peers/installed'

/**
 * Installs packages when they are missing or stale, and builds the page of the gateway; for tests, the programs the tests
 * drive; for the API reference, what writes it; for the bench, what it measures sluice beside.
 */
export async function setup({ forTests = false, forReference = false, forPeers = forTests } = {}) {
  const beside = [...(forReference ? [REFERENCE] : []), ...(forPeers ? [PEERS] : [])]
  if (isReady(forTests, beside)) return
  const release = await acquireLock()
  try {
    if (!isInstalled()) installPackages()
    if (!isPageBuilt()) buildPage()
    if (forTests) installPrograms(missingPrograms())
    for (const folder of beside) if (!isInstalledBeside(folder)) installBeside(folder)
  } finally {
    release()
  }
}

function isReady(forTests, beside) {
  const hasAll = isInstalled() && isPageBuilt() && beside.every(isInstalledBeside)
  return hasAll && (!forTests || missingPrograms().length === 0)
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

function isInstalledBeside(folder) {
  return readIfThere(stampIn(folder)) === fingerprintOf(folder)
}

/** A folder that is no part of the workspace, by its own lock. */
function installBeside(folder) {
  const started = performance.now()
  rmSync(stampIn(folder), { force: true })
  const command = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const options = { cwd: join(ROOT, folder), env: outsideEnvironment() }
  runQuietly(command, options, `what ${folder} needs could not be installed`)
  writeFileSync(stampIn(folder), fingerprintOf(folder))
  say(`packages of ${folder} installed in ${seconds(started)}`)
}

function stampIn(folder) {
  return join(ROOT, folder, 'node_modules/.sluice-setup')
}

function fingerprintOf(folder) {
  return fingerprint(['package.json', 'package-lock.json'].map((name) => `${folder}/${name}`))
}

/** What decides whether an installation is current; for the packages the lockfile, every manifest, and what code is generated from. */
function fingerprint(files = manifests()) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of files) hash.update(`\n${file}\n`).update(readIfThere(join(ROOT, file)) ?? '')
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
