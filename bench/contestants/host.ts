import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'

import { answerParent } from '../process/child.ts'
import { Round, type Shape, type SourceInput, type Tokens } from '../traffic/source.ts'
import { Profiler } from './profiler.ts'

/** How a contestant is set up; what it does not know it leaves. */
export interface ContestantOptions {
  policy?: 'default' | 'immediate' | 'adaptive-400'
  onDisconnect?: 'cancel'
  waits?: boolean
  heartbeatMs?: number
  /** The UI message stream of the AI SDK instead of sluice's own wire. */
  uiMessages?: boolean
  /** Of a framework: the same chunks without our adapter. */
  plainResponse?: boolean
  /** Of a library that keeps its streams readable for others: where. */
  redisUrl?: string
  /** Of a library that does so only where asked to. */
  isDurable?: boolean
}

/** What the host gives to a contestant. */
export interface Bench {
  readonly options: ContestantOptions
  /** The source that a request asks for, in the round that is running. */
  readonly sourceFor: (request: Pick<IncomingMessage, 'url'>) => (input?: SourceInput) => Tokens
}

/** What the host needs of a contestant's server: to make it listen, and to know where. */
export interface Listening {
  listen(options: { port: number; host: string; backlog: number }, listening: () => void): unknown
  address(): ReturnType<NetServer['address']>
}

/** Where the measuring stands with a server. */
export interface Memory {
  rss: number
  heap: number
}

/** Makes room for many connections that come at once; the kernel may allow less. */
const LISTEN_BACKLOG = 4_096
const RSS_SAMPLE_MS = 50

/**
 * Runs a contestant: it makes a server that answers `GET /<shape>/<stream>` with that stream's events; the host listens,
 * opens the gate and reads the clocks when the parent says so. Every contestant is a program that calls this once.
 */
export async function host(create: (bench: Bench) => Listening | Promise<Listening>): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as ContestantOptions
  let round = new Round({}, 0)
  let cpuAtGate = process.cpuUsage()
  let threadAtGate = process.threadCpuUsage()
  let peakRss = 0
  const profiler = new Profiler()
  const server = await create({ options, sourceFor: ({ url = '' }) => round.sourceAt(url) })
  answerParent({
    async listen(): Promise<{ port: number }> {
      await new Promise<void>((listening) =>
        server.listen({ port: 0, host: '127.0.0.1', backlog: LISTEN_BACKLOG }, listening),
      )
      return { port: (server.address() as AddressInfo).port }
    },
    begin({ shapes, streams }: { shapes: { readonly [name: string]: Shape }; streams: number }): void {
      round = new Round(shapes, streams)
      globalThis.gc!()
      peakRss = process.memoryUsage.rss()
    },
    gate(): void {
      cpuAtGate = process.cpuUsage()
      threadAtGate = process.threadCpuUsage()
      round.open()
    },
    cpu(): { cpuUs: number; threadUs: number } {
      const all = process.cpuUsage(cpuAtGate)
      const own = process.threadCpuUsage(threadAtGate)
      return { cpuUs: all.user + all.system, threadUs: own.user + own.system }
    },
    times: ({ path }: { path: string }): void => writeFileSync(path, round.yieldedUs),
    aborts: (): number[] => [...round.abortedUs],
    watchRss(): void {
      setInterval(() => (peakRss = Math.max(peakRss, process.memoryUsage.rss())), RSS_SAMPLE_MS).unref()
    },
    pulled: (): { bytes: number; rss: number; peakRss: number } => ({
      bytes: round.pulledBytes,
      rss: process.memoryUsage.rss(),
      peakRss,
    }),
    profile: (): Promise<void> => profiler.start(),
    profiled: ({ path }: { path: string }): Promise<void> => profiler.stop(path),
    churn,
    memory: measureMemory,
  })
}

/** A plain server whose answers are promises; one that fails ends the program, and with it the row. */
export function serve(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
  return createServer((request, response) => void answer(request, response))
}

/** Garbage enough to page in the whole young generation: it is the process's, not the first streams'. */
function churn(): void {
  let kept: unknown[] = []
  for (let index = 0; index < 3_000_000; index++) {
    if (index % 10_000 === 0) kept = []
    kept.push({ index })
  }
  kept.length = 0
}

/** What is held when nothing collectable is left. */
export async function measureMemory(): Promise<Memory> {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}
