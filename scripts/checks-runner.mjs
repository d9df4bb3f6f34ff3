// Runs the checks one after another, stops at the first failure, and closes with the number of tests.
import { spawnSync } from 'node:child_process'
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
    throw new SetupError(`no such check: ${unknown.join()}; there are: ${CHECKS.map((c) => c.name).join()}`)
  const chosen = CHECKS.filter((check) => names.length === 0 || names.includes(check.name))
  await setup({
    forTests: chosen.some((check) => check.drives),
    forReference: chosen.some((check) => check.typedoc),
  })

  const folder = mkdtempSync(join(tmpdir(), 'sluice-checks-'))
  try {
    const total = { passed: 0, failed: 0 }
    for (const check of chosen) {
      const report = join(folder, `${check.name}.json`)
      const succeeded = runCheck(check, report)
      if (check.counted) addTests(total, report)
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

function runCheck(check, report) {
  const [command, ...args] = check.command.map((part) => part.replace('{tests}', report))
  if (check.live) say(`… ${check.name}`)
  const started = performance.now()
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...childEnvironment(), ...check.environment },
    stdio: check.live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const succeeded = !error && status === 0
  const time = `${((performance.now() - started) / 1000).toFixed(1)} s`
  if (!succeeded) say(`${stdout ?? ''}${stderr ?? ''}${error ? error.message : ''}`.trimEnd())
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
