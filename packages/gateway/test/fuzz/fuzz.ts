import { setTimeout as sleep } from 'node:timers/promises'

import { createRandom } from '../../src/demo-runner/random.ts'
import { type FuzzedGateway, type Held, startFuzzedGateway } from './fuzzed-gateway.ts'
import { startObligingBackend } from './obliging-backend.ts'
import { makeGrpcShot } from './shots/grpc-shot.ts'
import { makeHttpShot } from './shots/http-shot.ts'
import { type Gunsmith, oneOf, type Outcome, type Target } from './shots/shot.ts'
import { makeSocketShot } from './shots/socket-shot.ts'

/** How long, and with which numbers. */
export interface FuzzOptions {
  readonly seed: number
  readonly forMs: number
  /** The only shot to fire, to repeat one that went wrong. */
  readonly only?: number | undefined
  readonly onFault?: ((fault: string) => void) | undefined
}

/** What was seen. */
export interface FuzzReport {
  readonly shots: number
  /** How often each answer was given. */
  readonly answers: ReadonlyMap<string, number>
  /** What the gateway must not have done; each with the number of its shot. */
  readonly faults: readonly string[]
  /** After a third of the time, and at the end, with all readers gone. */
  readonly heldEarly: Held
  readonly heldLate: Held
}

const AT_ONCE = 12
/** Of three shots two are HTTP's: it has most of the surface. */
const GUNSMITHS: readonly Gunsmith[] = [
  makeHttpShot,
  makeHttpShot,
  makeHttpShot,
  makeHttpShot,
  makeSocketShot,
  makeGrpcShot,
]
const KEYS = ['sk-ada', 'sk-bob']
/** What is over is forgotten soon, so that what stays has leaked. */
const FLAGS = [
  ...['--retention-ms', '1000', '--unattached-ms', '1000', '--ticket-ms', '1000', '--on-disconnect', '200'],
  // A start with `Prefer: respond-async` is a job, whose answer is kept as long as the job is.
  ...['--job-keep-ms', '1000'],
]

/** Fires shots at a gateway that knows its clients, and at one that takes everybody, until the time is over. */
export async function fuzz({ seed, forMs, only, onFault = () => {} }: FuzzOptions): Promise<FuzzReport> {
  await using backend = await startObligingBackend()
  const flags = ['--upstream', backend.baseUrl, ...FLAGS]
  await using guarded = await startFuzzedGateway([...flags, '--auth', 'bearer'])
  await using open = await startFuzzedGateway(flags)
  const gateways = [guarded, open]
  const range: Range = { faults: [], answers: new Map(), onFault }
  let number = only ?? 0
  const fireUntil = async (until: number): Promise<void> => {
    const streams = await Promise.all([begin(guarded, KEYS[0]), begin(open)])
    const fireOn = async (): Promise<void> => {
      while (performance.now() < until && (only === undefined || number === only)) {
        const at = number++
        const which = at % gateways.length
        const { port, grpcPort } = gateways[which]!
        const target = { port, grpcPort, streams: streams[which]!, keys: which === 0 ? KEYS : [] }
        await fire(range, { seed, number: at, target })
        const dead = gateways.find(({ exit }) => exit !== undefined)
        if (dead) throw new Error(`The gateway ended with ${dead.exit} at shot ${at}: ${dead.log.slice(-4_000)}`)
      }
    }
    await Promise.all(Array.from({ length: only === undefined ? AT_ONCE : 1 }, fireOn))
  }
  const startedMs = performance.now()
  await fireUntil(startedMs + forMs / 3)
  const heldEarly = await settled(gateways)
  await fireUntil(startedMs + forMs)
  const heldLate = await settled(gateways)
  for (const { log } of gateways) {
    const lines = log.split('\n').filter((line) => /^\S+ error /.test(line) || /Unhandled|Warning:/.test(line))
    if (lines.length > 0) note(range, `in the log: ${lines.slice(0, 5).join('\n')}`)
  }
  return { shots: number, ...range, heldEarly, heldLate }
}

interface Range {
  readonly faults: string[]
  readonly answers: Map<string, number>
  readonly onFault: (fault: string) => void
}

async function fire(
  range: Range,
  { seed, number, target }: { seed: number; number: number; target: Target },
): Promise<void> {
  const random = createRandom(seed, number)
  const shot = oneOf(random, GUNSMITHS)(random, target)
  const { answer, fault } = await shot.fire(target).catch((error: unknown): Outcome => {
    return { answer: 'failed', fault: String(error) }
  })
  range.answers.set(answer, (range.answers.get(answer) ?? 0) + 1)
  if (fault !== undefined) note(range, `shot ${number} (--seed ${seed} --only ${number}): ${fault}\n${shot.what}`)
}

function note({ faults, onFault }: Range, fault: string): void {
  faults.push(fault)
  onFault(fault)
}

/** Streams to shoot at: one that runs on for a while, and one that has ended. */
async function begin({ port }: FuzzedGateway, key?: string): Promise<string[]> {
  const ids = ['endless', 'm'].map(async (model) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], background: true }),
    })
    const { id, cursor } = (await response.json()) as { id: string; cursor: string }
    return [id, cursor]
  })
  return (await Promise.all(ids)).flat()
}

/** What all gateways hold together, once nothing runs and nothing is kept any more. */
async function settled(gateways: readonly FuzzedGateway[]): Promise<Held> {
  const helds = gateways.map(async (gateway) => {
    // What runs on without a reader ends by its own deadlines.
    for (let look = 0; look < 60; look++) {
      const held = await gateway.held()
      if (held.producing + held.delivering + held.store.streams === 0) return held
      await sleep(500)
    }
    return gateway.held()
  })
  const all = await Promise.all(helds)
  const [first] = all
  const sum = (pick: (held: Held) => number): number => all.reduce((total, held) => total + pick(held), 0)
  return {
    ...first!,
    bytes: sum(({ bytes }) => bytes),
    producing: sum(({ producing }) => producing),
    delivering: sum(({ delivering }) => delivering),
    store: { ...first!.store, streams: sum(({ store }) => store.streams), bytes: sum(({ store }) => store.bytes) },
  }
}
