import { writeFileSync } from 'node:fs'

import { answerParent } from '../process/child.ts'
import { nowUs } from '../process/clock.ts'
import { measureMemory } from '../contestants/host.ts'
import { Profiler } from '../contestants/profiler.ts'
import { noteDelays, readTimes } from '../load/check.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import { Round, type Shape } from '../traffic/source.ts'
import { StoreReading, type StoreReadingInput } from './store-reading.ts'
import { createInstance, type InstanceOptions } from './create-instance.ts'
import { probe, type ProbeInput } from './probe.ts'

/** Streams that are read here although another process may produce them, numbered from `first` on. */
export interface AttachInput extends Omit<StoreReadingInput, 'stream'> {
  ids: readonly string[]
  first?: number
  /** Readers of each. Default 1. */
  readers?: number
}

/** Streams that are started here, numbered from `first` on; their own readings come with them. */
export interface StartInput {
  count: number
  first?: number
  shape?: string
  timed?: boolean
}

/** Whether every reading has heard exactly what was said. */
export interface Checked {
  wrong: number
  firstWrong: string | undefined
}

/** How one reading stands. */
export type Told = Pick<
  StoreReading,
  'stream' | 'from' | 'askedUs' | 'firstUs' | 'backlogUs' | 'endedUs' | 'ending' | 'reached'
>

/** One process that shares a store with others; does and measures what the parent says. */
const instance = createInstance(JSON.parse(process.argv[2]!) as InstanceOptions)
const profiler = new Profiler()
let round = new Round({}, 0)
let cpuAtGate = process.cpuUsage()
let heard: StoreReading[] = []
let listening: Promise<void>[] = []

function keep(input: StoreReadingInput, reading: Parameters<StoreReading['listen']>[0], askedUs?: number): void {
  const one = new StoreReading(input, askedUs)
  heard.push(one)
  listening.push(one.listen(reading))
}

answerParent({
  ready: () => instance.ready(),
  begin({ shapes, streams }: { shapes: { readonly [name: string]: Shape }; streams: number }): void {
    round = new Round(shapes, streams)
    globalThis.gc!()
  },
  async start({ count, first = 0, shape = 'main', timed }: StartInput): Promise<string[]> {
    const started = Array.from({ length: count }, async (_, index) => {
      const stream = first + index
      const { id, reading } = await instance.start(round.sourceAt(`/${shape}/${stream}`))
      keep({ stream, timed }, reading)
      return id
    })
    return Promise.all(started)
  },
  async attach({ ids, first = 0, readers = 1, ...input }: AttachInput): Promise<void> {
    const askedUs = nowUs()
    const all = ids.flatMap((id, index) => Array.from({ length: readers }, () => [id, index] as const))
    const attached = all.map(async ([id, index]) => {
      const reading = await instance.attach(id, input.from ?? 0)
      keep({ ...input, stream: first + index }, reading, askedUs)
    })
    await Promise.all(attached)
  },
  gate(): number {
    cpuAtGate = process.cpuUsage()
    round.open()
    return nowUs()
  },
  /** Settles when every reading here is over; gives when the last one was. */
  async finish(): Promise<number> {
    await Promise.all(listening)
    return Math.max(0, ...heard.map(({ endedUs }) => endedUs))
  },
  /** Settles when every reading here has got to a token, or can get no further. */
  async reach({ tokens }: { tokens: number }): Promise<void> {
    while (heard.some(({ reached, ending }) => reached < tokens && ending === '')) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  },
  cpu(): number {
    const { user, system } = process.cpuUsage(cpuAtGate)
    return user + system
  },
  check({ tokens }: { tokens: number }): Checked {
    const faults = heard.flatMap((one) => {
      const fault = one.faultOf(tokens)
      return fault === undefined ? [] : [`stream ${one.stream}: ${fault}`]
    })
    return { wrong: faults.length, firstWrong: faults[0] }
  },
  told: (): Told[] =>
    heard.map((one) => {
      const { stream, from, askedUs, firstUs, backlogUs, endedUs, ending, reached } = one
      return { stream, from, askedUs, firstUs, backlogUs, endedUs, ending, reached }
    }),
  times: ({ path }: { path: string }): void => writeFileSync(path, round.yieldedUs),
  delays({ path, tokens }: { path: string; tokens: number }): Percentiles {
    const yieldedUs = readTimes(path)
    const delays = new Float64Array(yieldedUs.length)
    for (const one of heard) {
      noteDelays(one, yieldedUs.subarray(one.stream * tokens), delays.subarray(one.stream * tokens))
    }
    return percentiles(delays)
  },
  probe: (input: ProbeInput): Promise<Percentiles & { wrong: number }> => probe(instance, round, input),
  /** Cancels one stream after the other; gives when each was asked for. */
  async cancel({ ids, everyMs }: { ids: readonly string[]; everyMs: number }): Promise<number[]> {
    const askedUs: number[] = []
    const done: Promise<void>[] = []
    for (const id of ids) {
      askedUs.push(nowUs())
      done.push(instance.cancel(id))
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    await Promise.all(done)
    return askedUs
  },
  aborts: (): number[] => [...round.abortedUs],
  forget(): void {
    heard = []
    listening = []
    globalThis.gc!()
  },
  memory: measureMemory,
  profile: (): Promise<void> => profiler.start(),
  profiled: ({ path }: { path: string }): Promise<void> => profiler.stop(path),
  now: nowUs,
})
