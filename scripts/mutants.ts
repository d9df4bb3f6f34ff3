// Breaks the code on purpose, one thing at a time, and shows that a named test notices. The files stay as they are: a
// mutant exists in the memory of its test run only (see vitest.config.ts).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

interface Mutant {
  name: string
  file: string
  find: string
  replace: string
  project: string
  test: string
  title: string
}

interface Result {
  fullName: string
  status: string
}

interface Report {
  testResults: { assertionResults: Result[] }[]
}

/** How long one mutant may take, and all tests without one. */
const MUTANT_MS = 60_000
const CONTROL_MS = 600_000
/** Half of a mutant's time is the start of its process: several at once, each with servers of its own. */
const LANES = 3

/**
 * `--only <words>`: those whose name has them, while one is worked on. `--without-servers`: those whose test starts servers are
 * left to `npm run mutants`, every night. `--sample <count>`: so many of these, drawn anew each time.
 */
const { values: asked } = parseArgs({
  options: {
    tested: { type: 'boolean' },
    only: { type: 'string', default: '' },
    sample: { type: 'string' },
    'without-servers': { type: 'boolean' },
  },
})

const ROOT = join(import.meta.dirname, '..')
const mutants = JSON.parse(readFileSync(join(import.meta.dirname, 'mutants.json'), 'utf8')) as Mutant[]
const meant = mutants.filter(
  ({ name, project }) => name.includes(asked.only) && !(asked['without-servers'] && project === 'integration'),
)
const chosen = asked.sample === undefined ? meant : drawn(meant, Number(asked.sample))
const folder = mkdtempSync(join(tmpdir(), 'sluice-mutants-'))
try {
  // `npm test` has just run all tests itself.
  const control = asked.tested || chosen.length === 0 ? 0 : await controlRun()
  const failures = checkPlaces() + control + (await unnoticed())
  // That none has the words is a mistake, and no success.
  if (chosen.length === 0) process.stdout.write(`no mutant is named like "${asked.only}"\n`)
  process.stdout.write(`${chosen.length} mutants, ${failures} unnoticed\n`)
  process.exitCode = failures === 0 && chosen.length > 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Some of them, by chance. */
function drawn(from: readonly Mutant[], count: number): Mutant[] {
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () => {
    return left.splice(Math.floor(Math.random() * left.length), 1)[0]!
  })
}

/** A mutant whose text is gone would break nothing, and look like a test that does not notice; so would one whose test is gone. */
function checkPlaces(): number {
  const lost = mutants.filter(({ file, find }) => readFileSync(join(ROOT, file), 'utf8').split(find).length !== 2)
  for (const { name, file } of lost) process.stdout.write(`✗ ${name}: its text is not exactly once in ${file}\n`)
  const untested = mutants.filter(({ test }) => !existsSync(join(ROOT, test)))
  for (const { name, test } of untested) process.stdout.write(`✗ ${name}: there is no ${test}\n`)
  return lost.length + untested.length
}

async function unnoticed(): Promise<number> {
  const waiting = chosen.values()
  let count = 0
  const lane = async (): Promise<void> => {
    for (const mutant of waiting) if (!(await isKilled(mutant))) count++
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return count
}

/** Unbroken, the same tests pass: otherwise their failing would prove nothing. */
async function controlRun(): Promise<number> {
  const projects = [...new Set(chosen.map(({ project }) => project))].flatMap((project) => ['--project', project])
  const files = [...new Set(chosen.map(({ test }) => test))]
  const status = await run([...projects, ...files], undefined, CONTROL_MS)
  process.stdout.write(
    status === 0 ? '✓ without a mutant all of these tests pass\n' : '✗ the tests fail without a mutant\n',
  )
  return status === 0 ? 0 : 1
}

/** A title names a test by its path, joined by " > ", or the end of that; the report joins it by spaces. */
async function isKilled(mutant: Mutant): Promise<boolean> {
  const { name, project, test, title } = mutant
  const index = mutants.indexOf(mutant)
  const report = join(folder, `${index}.json`)
  const only = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  await run(['--project', project, test, '-t', only, '--reporter=json', `--outputFile=${report}`], index)
  const named = resultsIn(report).filter(({ fullName }) => fullName.includes(title.replaceAll(' > ', ' ')))
  const killed = named.some(({ status }) => status === 'failed')
  const ran = killed || named.some(({ status }) => status === 'passed')
  process.stdout.write(`${killed ? '✓' : '✗'} ${name}: ${killed ? '' : 'not '}noticed by "${title}"\n`)
  if (!ran) process.stdout.write(`  no test of that name ended in ${test}\n`)
  return killed
}

/** No report: the mutant hung its run, which is not the named test's doing. */
function resultsIn(report: string): Result[] {
  if (!existsSync(report)) return []
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  return testResults.flatMap(({ assertionResults }) => assertionResults)
}

/** The exit code, or null when the time was over. */
async function run(args: string[], mutant: number | undefined, timeout = MUTANT_MS): Promise<number | null> {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      SLUICE_MUTANT: mutant === undefined ? '' : String(mutant),
      SLUICE_SHRINK: '0',
      SLUICE_SITUATIONS: 'Infinity',
    },
    stdio: 'ignore',
    timeout,
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}
