import { answerParent } from '../process/child.ts'
import { nowUs } from '../process/clock.ts'
import { LoadConnection } from './connection.ts'
import { DIALECTS, type DialectName } from '../traffic/dialect.ts'
import { type CheckInput, type Checked, checkAll } from './check.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import { isSlow } from '../traffic/slow-readers.ts'
import { type ProbeInput, probe } from './probe.ts'
import { type Post, requestFor } from './requests.ts'
import { readResponse } from './response.ts'
import { resumeAll, type Resumed } from './resume.ts'

/** What the load process is asked to open. */
export interface OpenInput {
  port: number
  streams: number
  shape: string
  post?: Post
  dialect?: DialectName | undefined
  stalls?: boolean
  slow?: SlowInput | undefined
}

/** What the load process says when all is over. */
export interface FlowEnd {
  lastUs: number
  bytes: number
  reads: number
  cpuUs: number
}

/** How the slow readers among them ask. */
export interface SlowInput {
  /** Of the line that they are on. */
  port: number
  shape: string
}

/** Connections that are opened at once before the next ones are. */
const OPEN_AT_ONCE = 250

let connections: LoadConnection[] = []
let hasSlow = false
let cpuAtOpen = process.cpuUsage()

/** Those whose readers are not slow. */
function quick(): readonly LoadConnection[] {
  return hasSlow ? connections.filter(({ request }) => !isSlow(request.stream)) : connections
}

answerParent({
  /** Opens all streams; settles when every response has begun. */
  async open({ port, streams, shape, post, dialect: name, stalls = false, slow }: OpenInput): Promise<void> {
    hasSlow = slow !== undefined
    const dialect = name && DIALECTS[name]
    for (let first = 0; first < streams; first += OPEN_AT_ONCE) {
      const some = Array.from({ length: Math.min(OPEN_AT_ONCE, streams - first) }, (_, index): LoadConnection => {
        const stream = first + index
        const through = slow && isSlow(stream) ? slow : { port, shape }
        return new LoadConnection(through.port, { ...requestFor(through.shape, stream, post), dialect, stalls })
      })
      connections.push(...some)
      await Promise.all(some.map(({ opened }) => opened))
    }
    cpuAtOpen = process.cpuUsage()
  },
  /** Settles when all streams are over; slow readers, if any, do not count for when that was, and need not be waited for. */
  async finish({ leavesSlow = false }: { leavesSlow?: boolean }): Promise<FlowEnd> {
    await Promise.all((leavesSlow ? quick() : connections).map(({ ended }) => ended))
    const { user, system } = process.cpuUsage(cpuAtOpen)
    const sum = (of: (connection: LoadConnection) => number): number =>
      connections.reduce((total, connection) => total + of(connection), 0)
    return {
      lastUs: Math.max(...quick().map(({ readUs }) => readUs.at(-1)!)),
      bytes: sum(({ length }) => length),
      reads: sum(({ readEnds }) => readEnds.length),
      cpuUs: user + system,
    }
  },
  check: (input: CheckInput): Checked => checkAll(connections, input, readResponse),
  /** Leaves every stream, one after the other; gives when. */
  async drop({ everyMs }: { everyMs: number }): Promise<number[]> {
    for (const connection of connections) {
      connection.drop()
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    return connections.map(({ droppedUs }) => droppedUs)
  },
  /** Leaves all at once, and comes back at once. */
  async resume({ port, tokens }: { port: number; tokens: number }): Promise<Resumed> {
    return resumeAll(connections, port, tokens)
  },
  probe: (input: ProbeInput): Promise<Percentiles & { wrong: number }> => probe(input),
  /** How long each response took to begin. */
  openTimes: (): Percentiles => percentiles(connections.map(({ readUs, sentUs }) => readUs[0]! - sentUs)),
  forget(): void {
    for (const { socket } of connections) socket.destroy()
    connections = []
    globalThis.gc!()
  },
  now: nowUs,
})
