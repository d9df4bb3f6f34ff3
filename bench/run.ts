import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { describeMachine } from './process/machine.ts'
import { type Outcome, report } from './trials/report.ts'
import { ROWS } from './rows/index.ts'
import { soak } from './soak/soak.ts'
import { simulatePolicies } from './simulator/command.ts'
import type { Row } from './trials/row.ts'
import type { StageOptions } from './load/stage.ts'
import { runTrials } from './trials/trials.ts'
import { judge } from './trials/verdict.ts'

/** The rows of a part, by how their names begin. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  transports: ['ws-*', 'grpc-*'],
  memory: ['idle-memory', 'stalled', 'stalled-tokens', 'ws-stalled*'],
  redis: ['redis-*'],
  gateway: ['gateway-*'],
}

const HELP = `Measures sluice beside a naive server.

  policies              simulates chunking policies on networks instead (policies --help)
  ${Object.keys(PARTS).join(', ').padEnd(22)}the rows of one part
  --only <row>[,<row>]  these rows only (a name that ends in * takes all that begin so)
  --reps <n>            repetitions of each row (default 5; 3 with --quick)
  --quick               small inputs: shows whether it works, not how fast it is
  --json <file>         every number of every repetition
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
      json: { type: 'string' },
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
  const rows = chooseRows(positionals.length > 0 ? positionals.flatMap(rowsOfPart) : values.only)
  if (values.list) return void process.stdout.write(rows.map(({ id, title }) => `${id.padEnd(20)}${title}\n`).join(''))
  const repetitions = chooseRepetitions(values.reps, values.quick)
  const options: StageOptions = { quick: values.quick, cpuProf: values['cpu-prof'] }
  if (options.cpuProf !== undefined) mkdirSync(options.cpuProf, { recursive: true })

  const machine = describeMachine()
  const outcomes: Outcome[] = []
  for (const row of rows) outcomes.push(await measureRow(row, repetitions, options))
  const notes = [
    `${repetitions} repetitions${values.quick ? ', quick: smaller inputs, only to see that it works' : ''}.`,
  ]
  process.stdout.write(report(machine, outcomes, notes))
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ machine, repetitions, quick: values.quick, outcomes }, null, 1)}\n`)
  }
  if (outcomes.some(({ verdicts }) => verdicts.some(({ pass }) => pass === false))) process.exitCode = 1
}

async function runSoak(minutesText: string, streamsText: string): Promise<void> {
  const [minutes, streams] = [Number(minutesText), Number(streamsText)]
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0 and is ${minutesText}.`)
  if (!Number.isInteger(streams) || streams < 2) throw new Error(`--streams must be 2 or more and is ${streamsText}.`)
  if (!(await soak({ minutes, streams }))) process.exitCode = 1
}

async function measureRow(row: Row, repetitions: number, options: StageOptions): Promise<Outcome> {
  const missing = row.missing?.()
  if (missing !== undefined) return { row, repetitions: [], verdicts: [], missing }
  const done = await runTrials(row, repetitions, options, (line) => process.stderr.write(`${line}\n`))
  return { row, repetitions: done, verdicts: judge(row, done) }
}

function rowsOfPart(part: string): readonly string[] {
  const names = PARTS[part]
  if (names) return names
  throw new Error(`No part "${part}"; there are policies, ${Object.keys(PARTS).join(', ')}.`)
}

function chooseRows(only: readonly string[] | undefined): readonly Row[] {
  if (only === undefined) return ROWS
  const names = only.flatMap((list) => list.split(','))
  const matches = (name: string, id: string): boolean =>
    name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name
  const unknown = names.find((name) => !ROWS.some(({ id }) => matches(name, id)))
  if (unknown !== undefined) throw new Error(`No row "${unknown}"; there are ${ROWS.map(({ id }) => id).join(', ')}.`)
  return ROWS.filter(({ id }) => names.some((name) => matches(name, id)))
}

function chooseRepetitions(text: string | undefined, quick: boolean): number {
  const repetitions = Number(text ?? (quick ? 3 : 5))
  if (Number.isInteger(repetitions) && repetitions > 0) return repetitions
  throw new Error(`--reps must be a whole number from 1 on and is ${text}.`)
}

await main()
