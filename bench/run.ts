import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { PARTS, quickRows, rowsOf } from './rows/parts.ts'
import { measure } from './measure.ts'
import { soak } from './soak/soak.ts'
import { simulatePolicies } from './simulator/command.ts'

const REPORT = fileURLToPath(new URL('.artifacts/report.html', import.meta.url))

const HELP = `Measures sluice beside a naive server and beside others, prints tables, and writes a page with plots.

  policies              simulates chunking policies on networks instead (policies --help)
  ${Object.keys(PARTS).join(', ').padEnd(22)}
                        the rows of a part
  --only <row>[,<row>]  these rows only (a name that ends in * takes all that begin so)
  --reps <n>            repetitions of each row (default 5; 1 with --quick)
  --quick               small inputs, and of everything only some: shows whether it works, not how fast it is
  --html <file>         where the page goes (default bench/.artifacts/report.html)
  --json <file>         every number of every repetition
  --seed <n>            of what is simulated (default 1)
  --cpu-prof <dir>      V8 profiles of the servers (numbers are worth less then)
  --list                the rows and what they are
  --soak                instead of the rows: two instances on one Redis, whose connections are killed and replies lost, every text compared
  --minutes <n>         how long the soak goes on (default 10)
  --streams <n>         how many streams run at a time in the soak (default 500)
`

async function main(): Promise<void> {
  if (process.argv[2] === 'policies') return simulatePolicies(process.argv.slice(3))
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      reps: { type: 'string' },
      quick: { type: 'boolean', default: false },
      html: { type: 'string', default: REPORT },
      json: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'cpu-prof': { type: 'string' },
      list: { type: 'boolean', default: false },
      soak: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      streams: { type: 'string', default: '500' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  if (values.soak) return runSoak(values.minutes, values.streams)
  const isWhole = positionals.length === 0 && values.only === undefined
  const rows = isWhole && values.quick ? quickRows() : rowsOf(positionals, values.only)
  if (values.list) return void process.stdout.write(rows.map(({ id, title }) => `${id.padEnd(20)}${title}\n`).join(''))
  const { quick, 'cpu-prof': cpuProf } = values
  if (cpuProf !== undefined) mkdirSync(cpuProf, { recursive: true })
  const { tables, page, json, isKept } = await measure(rows, {
    repetitions: wholeNumber('--reps', values.reps ?? (quick ? '1' : '5'), 1),
    seed: wholeNumber('--seed', values.seed, 0),
    simulates: isWhole,
    quick,
    cpuProf,
  })
  process.stdout.write(tables)
  mkdirSync(dirname(resolve(values.html)), { recursive: true })
  writeFileSync(values.html, page)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, null, 1)}\n`)
  process.stderr.write(`report: ${resolve(values.html)}\n`)
  if (!isKept) process.exitCode = 1
}

async function runSoak(minutesText: string, streamsText: string): Promise<void> {
  const [minutes, streams] = [Number(minutesText), Number(streamsText)]
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0 and is ${minutesText}.`)
  if (!Number.isInteger(streams) || streams < 2) throw new Error(`--streams must be 2 or more and is ${streamsText}.`)
  if (!(await soak({ minutes, streams }))) process.exitCode = 1
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`${option} must be a whole number from ${least} on and is ${text}.`)
}

await main()
