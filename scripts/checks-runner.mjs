// Runs the checks one after another, and those at the end side by side; stops at the first failure, and closes with the
// number of tests.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHECKS } from './checks.mjs'
import { setup } from './setup.mjs'
import { ROOT, SetupError, childEnvironment } from './workspace.mjs'

/** Runs the checks with the given names, or all of them. */
export async function runChecks(names) {
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name))
  if (unknown.length > 0)
    throw new SetupError(
      `no such check: ${unknown.join()}; there are: ${[...new Set(CHECKS.map((c) => c.name))].join()}`,
    )
  const chosen = CHECKS.filter((check) => names.length === 0 || names.includes(check.name))
  await setup({
    forTests: chosen.some((check) => check.drives),
    forReference: chosen.some((check) => check.typedoc),
  })

  const folder = mkdtempSync(join(tmpdir(), 'sluice-checks-'))
  try {
    const total = { passed: 0, failed: 0 }
    for (const together of rounds(chosen)) {
      const succeeded = await inLanes(together, async (check) => {
        const report = join(folder, `${check.name}.json`)
        const succeeded = await runCheck(check, report)
        if (check.counted) addTests(total, report)
        return succeeded
      })
      if (succeeded) continue
      process.exitCode = 1
      if (total.failed > 0) say(`${total.passed} passed, ${total.failed} failed`)
      return
    }
    if (!chosen.some((check) => check.counted)) return
    if (total.passed === 0 || total.failed > 0) throw new SetupError('the test report does not match a successful run')
    say(`${total.passed} passed, ${total.failed} failed`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What need not wait for one another shares a round. */
function rounds(checks) {
  const beside = checks.filter((check) => check.beside)
  return [...checks.filter((check) => !check.beside).map((check) => [check]), ...(beside.length > 0 ? [beside] : [])]
}

/** Runs them all, two at a time; true when each succeeded. */
async function inLanes(checks, run) {
  const waiting = checks.values()
  let succeeded = true
  const lane = async () => {
    for (const check of waiting) if (!(await run(check))) succeeded = false
  }
  await Promise.all([lane(), lane()])
  return succeeded
}

async function runCheck(check, report) {
  const [command, ...args] = check.command.map((part) => part.replace('{tests}', report))
  if (check.live) say(`… ${check.name}`)
  const started = performance.now()
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...childEnvironment(), ...check.environment },
    stdio: check.live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  const succeeded = await once(child, 'close').then(
    ([code]) => code === 0,
    (error) => {
      output += error.message
      return false
    },
  )
  const time = `${((performance.now() - started) / 1000).toFixed(1)} s`
  if (!succeeded) say(output.trimEnd())
  say(`${succeeded ? '✓' : '✗'} ${check.name} (${time})`)
  return succeeded
}

function addTests(total, report) {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    total.passed += numPassedTests
    total.failed += numFailedTests
  } catch {
    // No report: the runner itself failed, and said so.
  }
}

function say(line) {
  if (line !== '') process.stdout.write(`${line}\n`)
}
