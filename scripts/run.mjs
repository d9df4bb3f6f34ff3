// The one door for `npm start`, `npm test` and the rest: sets up, then runs on the project's own Node.
import './node-version.mjs'
import { spawn } from 'node:child_process'
import { runChecks } from './checks-runner.mjs'
import { TYPEDOC } from './checks.mjs'
import { packFolder, packInto } from './pack.mjs'
import { setup } from './setup.mjs'
import { NODE, ROOT, SetupError, childEnvironment } from './workspace.mjs'

const FROM_SOURCE = ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning']
const BIN = 'node_modules/.bin'

/** What each command starts; the caller's arguments follow. */
const COMMANDS = {
  gateway: [NODE[24], ...FROM_SOURCE, 'packages/gateway/src/cli.ts'],
  demo: [NODE[24], ...FROM_SOURCE, 'packages/gateway/src/demo.ts'],
  bench: [NODE[24], '--expose-gc', ...FROM_SOURCE, 'bench/run.ts'],
  mutants: [NODE[24], ...FROM_SOURCE, 'scripts/mutants.ts'],
  fuzz: [NODE[24], ...FROM_SOURCE, 'packages/gateway/test/fuzz/main.ts'],
  soak: [NODE[24], '--expose-gc', ...FROM_SOURCE, 'bench/run.ts', '--soak'],
  unit: [NODE[24], 'node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'],
  build: [`${BIN}/tsc`, '-b', 'tsconfig.json'],
  docs: [NODE[24], ...TYPEDOC],
  format: [`${BIN}/oxfmt`, '.'],
  changeset: [`${BIN}/changeset`],
  'long-files': [NODE[24], 'scripts/long-files.mjs'],
}

const VITEST = [NODE[24], 'node_modules/vitest/vitest.mjs', 'run', '--testTimeout=3600000']

/** Kinds of `soak` that are tests with more in them: which, and what they are told by the words behind. */
const SOAKS = {
  // Processes that have a directory are killed.
  sqlite: {
    tests: [
      'packages/sqlite/test/crash/kill.integration.test.ts',
      'packages/jobs/test/sqlite/crash/kill.integration.test.ts',
    ],
    settings: { SLUICE_KILLS: '500' },
  },
  // Ten times as many cases of each property as the checks try.
  properties: { tests: ['--project', 'property'], settings: { SLUICE_RUNS: '3000' } },
  // All that can happen to two producers, and to what readers are told, in every order.
  searches: {
    tests: ['packages/redis/test/replay-live.search.test.ts', 'packages/redis/test/lease-fence.search.test.ts'],
    settings: { SLUICE_SITUATIONS: 'Infinity' },
  },
  // Gateways and workers are killed under jobs.
  jobs: { tests: ['packages/gateway/test/jobs/kills.integration.test.ts'], settings: { SLUICE_KILLS: '100' } },
  // Processes that work at batches are killed, on a directory and on Redis.
  batch: {
    tests: ['packages/jobs/test/batch/crash/kill.integration.test.ts'],
    settings: { SLUICE_KILLS: '100', SLUICE_LINES: '10000' },
  },
}

async function main([command, ...args]) {
  if (command === 'setup') return setup({ forTests: args.includes('--for-tests') })
  if (command === 'test' || command === 'check') return runChecks(args)
  if (command === 'pack') {
    // Before anything is installed for it.
    const folder = packFolder(args)
    await setup()
    return packInto(folder)
  }
  const start = COMMANDS[command]
  if (!start)
    throw new SetupError(
      `usage: node scripts/run.mjs ${[...Object.keys(COMMANDS), 'pack', 'setup', 'check', 'test'].join('|')}`,
    )
  await setup({ forReference: command === 'docs', forPeers: command === 'bench' && args[0] !== 'policies' })
  const soak = command === 'soak' ? SOAKS[args[0]] : undefined
  if (soak) {
    const settings = Object.entries(soak.settings).map(([name, preset], index) => [name, args[index + 1] ?? preset])
    return runToEnd([...VITEST, ...soak.tests], Object.fromEntries(settings))
  }
  return runToEnd([...start, ...args])
}

/** Runs a child in our place: its input and output are ours, signals are passed on, and we end as it ends. */
function runToEnd([command, ...args], environment = {}) {
  const env = { ...childEnvironment(), ...environment }
  const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the child without us; passing it on would make it two.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event) stopWithParent(child)
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('exit', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1)
      done()
    })
  })
}

/** Stops the child when npm is gone: killed outright, npm passes nothing on, and the child would keep its port. */
function stopWithParent(child) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 500)
  timer.unref()
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`)
  process.exitCode = 1
}
