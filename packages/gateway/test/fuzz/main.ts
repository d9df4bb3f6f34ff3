// `npm run fuzz`: fires at a gateway for as long as it is told, and says what went wrong.
import { parseArgs } from 'node:util'

import { fuzz } from './fuzz.ts'

const MINUTE_MS = 60_000
const MIB = 1024 * 1024

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
})

if (values.help) {
  process.stdout.write(
    'Sends odd requests of HTTP, WebSocket and gRPC to a gateway.\n\n' +
      '  --minutes <n>  how long (default 10)\n' +
      '  --seed <n>     numbers to begin with (default: any)\n' +
      '  --only <n>     fire this shot only, again and again, for half a minute\n',
  )
} else await run()

async function run(): Promise<void> {
  const seed = numberOf('seed') ?? Math.floor(Math.random() * 2 ** 32)
  const only = numberOf('only')
  const forMs = only === undefined ? (numberOf('minutes') ?? 10) * MINUTE_MS : MINUTE_MS / 2
  process.stdout.write(`fuzz: seed ${seed}, ${Math.round(forMs / 1000)} s\n`)
  const onFault = (fault: string): void => void process.stdout.write(`\n${fault}\n`)
  const { shots, answers, faults, heldEarly, heldLate } = await fuzz({ seed, forMs, only, onFault })
  const counts = [...answers].toSorted(([, one], [, other]) => other - one)
  process.stdout.write(
    `${shots} shots; answers: ${counts.map(([answer, count]) => `${answer} × ${count}`).join(', ')}\n`,
  )
  process.stdout.write(
    `held: ${(heldEarly.bytes / MIB).toFixed(1)} MiB early, ${(heldLate.bytes / MIB).toFixed(1)} late\n`,
  )
  process.stdout.write(`${faults.length} faults\n`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

function numberOf(name: 'minutes' | 'seed' | 'only'): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number
  process.stderr.write(`--${name} is "${text}"; it must be a number, 0 or more.\n`)
  process.exit(1)
}
