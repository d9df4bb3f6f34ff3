import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { beginBatch, untilDone } from '../../lines/gateway-batch.ts'
import { writeInput } from '../../lines/input-file.ts'
import { Child } from '../../process/child.ts'
import { percentiles } from '../../traffic/percentiles.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const ALONE = { name: 'without a batch' }
const BESIDE = { name: 'beside a batch' }

const SLOTS = 64
const LINES = 50_000
const QUICK_LINES = 20_000
const WARM_LINES = 1_000
const SECONDS = 20
const QUICK_SECONDS = 4
/** Answers that are waited for at a time: so many people there are. */
const PEOPLE = 4
const THINK_MS = 100

export const batchBeside: AloneRow = {
  id: 'batch-beside',
  title: 'First tokens beside a full batch',
  what: `${PEOPLE} people ask the gateway, each anew ${THINK_MS} ms after its answer, while a batch keeps up to ${SLOTS} answers under way at a backend that works at ${SLOTS} at a time, 50 ms each; and without the batch. From the request to the first byte of the first event.`,
  expected:
    'A place at the backend is free each millisecond. What is added is the wait for the thread of the gateway, which the batch keeps busy: some milliseconds.',
  contestants: [ALONE, BESIDE],
  floors: [
    {
      what: 'first token p99',
      metric: 'firstTokenP99Ms',
      contestant: BESIDE,
      compare: 'ratio',
      against: ALONE,
      unit: 'ms',
      max: 1.2,
    },
    {
      what: 'first token p50',
      metric: 'firstTokenP50Ms',
      contestant: BESIDE,
      compare: 'ratio',
      against: ALONE,
      unit: 'ms',
    },
    {
      what: 'lines a second meanwhile',
      metric: 'linesPerSecond',
      contestant: BESIDE,
      compare: 'value',
      unit: '',
    },
  ],
  async measureAlone({ name }, { quick }) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    const backend = new Child('contestants/line-backend.ts', [String(SLOTS)])
    const { port } = await backend.ask<{ port: number }>('listen')
    const flags = ['--data', join(folder, 'data'), '--batch-concurrency', String(SLOTS)]
    const gateway = new Child('contestants/gateway.ts', [`http://127.0.0.1:${port}/v1`, ...flags])
    try {
      const url = `http://127.0.0.1:${(await gateway.ask<{ port: number }>('listen')).port}`
      const seconds = quick ? QUICK_SECONDS : SECONDS
      await ask(url, QUICK_SECONDS / 2)
      if (name === ALONE.name) return figuresOf(await ask(url, seconds), 0)
      const input = join(folder, 'in.jsonl')
      await writeInput(input, quick ? QUICK_LINES : LINES)
      const id = await beginBatch(url, input)
      const before = await untilDone(url, id, WARM_LINES)
      const waits = await ask(url, seconds)
      const lines = (await untilDone(url, id, 0)) - before
      return figuresOf(waits, lines / seconds)
    } finally {
      await gateway.stop()
      await backend.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function figuresOf(waits: readonly number[], linesPerSecond: number): Metrics {
  const { p50, p99 } = percentiles(waits)
  return { firstTokenP50Ms: p50, firstTokenP99Ms: p99, linesPerSecond }
}

/** What each request has waited for its first token, in milliseconds. */
async function ask(url: string, seconds: number): Promise<number[]> {
  const untilMs = performance.now() + 1_000 * seconds
  const waits: number[] = []
  const person = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      waits.push(await firstTokenMs(url))
      await sleep(THINK_MS)
    }
  }
  await Promise.all(Array.from({ length: PEOPLE }, person))
  return waits
}

const BODY = JSON.stringify({ model: 'bench', stream: true, messages: [{ role: 'user', content: 'Hello' }] })

async function firstTokenMs(url: string): Promise<number> {
  const beganMs = performance.now()
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  })
  let tookMs: number | undefined
  const decoder = new TextDecoder()
  for await (const piece of response.body!) {
    if (decoder.decode(piece, { stream: true }).includes('data:')) tookMs ??= performance.now() - beganMs
  }
  if (tookMs === undefined) throw new Error(`The gateway answered ${response.status} without a token.`)
  return tookMs
}
