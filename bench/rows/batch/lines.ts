import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { LineLoop } from '../../contestants/line-loop.ts'
import { beginBatch, untilDone } from '../../lines/gateway-batch.ts'
import { writeInput } from '../../lines/input-file.ts'
import { watchMemory } from '../../lines/watched-memory.ts'
import { Child } from '../../process/child.ts'
import type { AloneRow } from '../../trials/row.ts'

const LOOP = { name: 'plain loop' }
const COMMAND = { name: 'batch command' }
const GATEWAY = { name: 'gateway' }
const OURS = [COMMAND, GATEWAY]

const COUNT = 100_000
const QUICK_COUNT = 4_000
const CONCURRENCY = 64
/** One may have 50,000 lines. */
const BATCHES = 2
const MIB = 1_048_576
const CLI = fileURLToPath(new URL('../../../packages/gateway/src/cli.ts', import.meta.url))

export const batchLines: AloneRow = {
  id: 'batch-lines',
  title: 'A batch of 100,000 lines',
  what: `${COUNT} lines of a file, each answered in 50 ms, ${CONCURRENCY} at a time at the most: a loop of ${CONCURRENCY} functions with fetch; the command \`batch\`; batches of the gateway, two at a time, for one may have 50,000, from their upload to their end, in a directory. Memory is what the kernel counts: how much more there was at the most than before.`,
  expected:
    'At best 1,280 lines a second. The command finds out how many at a time are good, which costs it a few in a hundred. The gateway asks over its own routes, with a log for each answer: it needs a core for some 500 a second.',
  contestants: [LOOP, ...OURS],
  floors: OURS.flatMap((contestant) => [
    {
      what: `${contestant.name}: lines a second`,
      metric: 'linesPerSecond',
      contestant,
      compare: 'ratio' as const,
      against: LOOP,
      unit: '',
      min: 0.9,
    },
    {
      what: `${contestant.name}: memory`,
      metric: 'grownMib',
      contestant,
      compare: 'value' as const,
      unit: 'MiB',
      max: 64,
    },
  ]),
  async measureAlone({ name }, { quick }) {
    const count = quick ? QUICK_COUNT : COUNT
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    const backend = new Child('contestants/line-backend.ts', [])
    try {
      const input = join(folder, 'in.jsonl')
      await writeInput(input, name === GATEWAY.name ? count / BATCHES : count)
      const { port } = await backend.ask<{ port: number }>('listen')
      const run = { folder, input, upstream: `http://127.0.0.1:${port}/v1` }
      const taken = await (name === LOOP.name ? loop(run) : name === COMMAND.name ? command(run) : gateway(run))
      return { linesPerSecond: (1_000 * count) / taken.ms, grownMib: taken.grownBytes / MIB }
    } finally {
      await backend.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

interface Run {
  readonly folder: string
  readonly input: string
  readonly upstream: string
}

interface Taken {
  readonly ms: number
  readonly grownBytes: number
}

async function loop({ folder, input, upstream }: Run): Promise<Taken> {
  const child = new Child('contestants/line-loop.ts', [])
  const asked: LineLoop = {
    input,
    output: join(folder, 'out.jsonl'),
    url: `${upstream}/chat/completions`,
    concurrency: CONCURRENCY,
  }
  try {
    return await timed(child.pid, () => child.ask('run', asked))
  } finally {
    await child.stop()
  }
}

async function command({ folder, input, upstream }: Run): Promise<Taken> {
  const flags = ['--upstream', upstream, '--concurrency', String(CONCURRENCY)]
  const args = ['--conditions=@sluice/source', CLI, 'batch', input, join(folder, 'out.jsonl'), ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.resume()
  const beganMs = performance.now()
  const ended = once(child, 'exit') as Promise<[number]>
  // What a program has before it does anything is not what it takes for lines.
  await new Promise((resolve) => setTimeout(resolve, START_MS))
  const grown = watchMemory(child.pid!)
  const [code] = await ended
  if (code !== 0) throw new Error(`The command "batch" ended with ${code}.`)
  return { ms: performance.now() - beganMs, grownBytes: grown() }
}

const START_MS = 1_500

async function gateway({ folder, input, upstream }: Run): Promise<Taken> {
  const flags = ['--data', join(folder, 'data'), '--batch-concurrency', String(CONCURRENCY)]
  const child = new Child('contestants/gateway.ts', [upstream, ...flags])
  try {
    const url = `http://127.0.0.1:${(await child.ask<{ port: number }>('listen')).port}`
    await child.ask('gate')
    const batch = async (): Promise<number> => untilDone(url, await beginBatch(url, input))
    return await timed(child.pid, () => Promise.all(Array.from({ length: BATCHES }, batch)))
  } finally {
    await child.stop()
  }
}

async function timed(pid: number, act: () => Promise<unknown>): Promise<Taken> {
  const grown = watchMemory(pid)
  const beganMs = performance.now()
  await act()
  return { ms: performance.now() - beganMs, grownBytes: grown() }
}
