import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

import { createBatches } from '../../../src/batch.ts'
import { newDirectories } from '../rig/directories.ts'
import { inputOf, parseLines } from '../rig/jsonl.ts'
import { openStores } from './stores.ts'

const PROGRAM = fileURLToPath(new URL('working-process.ts', import.meta.url))
/** How often processes are killed, and how many lines there are; a soak asks for more. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 10)
const LINES = Number(process.env.SLUICE_LINES ?? 2_000)
const CONCURRENCY = 16
/** A process lives this long at most from when it has begun. */
const LIVES_MS = 800
/** So long that, on the average, so many lives are not enough. */
const LINE_MS = Math.max(15, (0.4 * LIVES_MS * KILLS * CONCURRENCY) / LINES)
const OWNER = { owner: 'one' }
const SCOPE = '["","one"]'
const newDirectory = newDirectories()
const COMPILED = newDirectory()

interface ResultLine {
  readonly custom_id: string
  readonly response: { readonly status_code: number; readonly body: { readonly index: number } }
  readonly sluice?: { readonly attempts: number }
}

async function createBatch(place: string): Promise<string> {
  const { documents, files, close } = openStores(place)
  const batches = createBatches({ documents, files, run: () => Promise.reject(new Error()), work: false })
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(inputOf(LINES))
  }
  const received = await batches.files.receive(SCOPE, bytes())
  const {
    id: fileId,
    name,
    bytes: length,
  } = await batches.files.keep(SCOPE, received, { filename: 'in.jsonl', purpose: 'batch' })
  const { id } = await batches.create({
    dialect: 'openai',
    owner: OWNER,
    endpoint: '/v1/chat/completions',
    input: { name, fileId, bytes: length },
    completionWindow: '24h',
    windowMs: 86_400_000,
    metadata: null,
    keepMs: 86_400_000,
  })
  await close()
  return id
}

const start = (place: string, tellFile: string, batch: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--conditions=@sluice/source',
      '--disable-warning=ExperimentalWarning',
      PROGRAM,
      place,
      tellFile,
      batch,
      String(CONCURRENCY),
      String(LINE_MS),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: COMPILED } },
  )

/** Kills one process after another, `beside` of which work at a time; the last ones end by themselves. Gives how many were killed. */
async function work(
  place: string,
  { batch, tellFile, beside }: { batch: string; tellFile: string; beside: number },
): Promise<number> {
  let killed = 0
  const liveOn = async (): Promise<void> => {
    for (;;) {
      const child = start(place, tellFile, batch)
      const exited = once(child, 'exit') as Promise<[number | null, string | null]>
      await Promise.race([once(child.stdout!, 'data'), exited])
      const mayBeKilled = killed < KILLS
      // Those that are killed die at any time, also before they have the batch.
      const timer = mayBeKilled && setTimeout(() => child.kill('SIGKILL'), Math.random() * LIVES_MS)
      const [code, signal] = await exited
      if (timer) clearTimeout(timer)
      if (signal === null) return expect(code).toBe(0)
      killed++
    }
  }
  await Promise.all(Array.from({ length: beside }, liveOn))
  return killed
}

async function check(
  place: string,
  { batch: id, tellFile, killed }: { batch: string; tellFile: string; killed: number },
): Promise<void> {
  const { documents, files, close } = openStores(place)
  const batches = createBatches({ documents, files, run: () => Promise.reject(new Error()), work: false })
  const batch = (await batches.find({ dialect: 'openai', owner: OWNER }, id))!
  const bad = Array.from({ length: LINES }, (_, index) => index).filter((index) => index % 10 === 3).length
  expect(batch.state).toMatchObject({
    phase: 'completed',
    counts: { total: LINES, succeeded: LINES - bad, failed: bad },
  })
  const read = async (file: string): Promise<ResultLine[]> => {
    const parts: Uint8Array[] = []
    for await (const part of batches.files.read((await batches.files.find(SCOPE, file))!)) parts.push(part)
    return parseLines(String(Buffer.concat(parts)))
  }
  const [output, errors] = [await read(batch.outputs!.output!), await read(batch.outputs!.errors!)]
  const all = [...output, ...errors]
  expect(all.map((line) => line.custom_id).toSorted()).toEqual(
    Array.from({ length: LINES }, (_, index) => `r${index}`).toSorted(),
  )
  for (const line of output)
    expect(line.response).toMatchObject({ status_code: 200, body: { index: Number(line.custom_id.slice(1)) } })
  for (const line of errors) expect(line.response.status_code).toBe(400)
  const asked = new Map<string, number>()
  for (const name of readFileSync(tellFile, 'utf8').split('\n').slice(0, -1))
    asked.set(name, (asked.get(name) ?? 0) + 1)
  const marked = all.filter(({ sluice }) => sluice)
  for (const { custom_id: name, sluice } of all) expect(sluice?.attempts ?? 1).toBeGreaterThanOrEqual(asked.get(name)!)
  expect(marked.length).toBeGreaterThan(0)
  expect(marked.length).toBeLessThanOrEqual(CONCURRENCY * killed)
  // What was made to find the way is gone.
  for (const part of ['begun', 'fence']) expect(await files.size(`${id}.${part}`)).toBeUndefined()
  expect(await batches.usage(OWNER)).toMatchObject({ files: 3, lines: 0, batches: 0 })
  await close()
}

test(`whenever a process is killed, every line is there once, in a directory (${KILLS} times)`, async () => {
  const place = newDirectory()
  mkdirSync(place)
  const tellFile = join(place, 'told')
  const batch = await createBatch(place)
  const killed = await work(place, { batch, tellFile, beside: 1 })
  expect(killed).toBe(KILLS)
  await check(place, { batch, tellFile, killed })
})

test(`whenever one of two workers is killed, every line is there once, in Redis (${KILLS} times)`, async () => {
  await using server = await startRedisServer()
  const place = server.url
  const tellFile = newDirectory()
  const batch = await createBatch(place)
  const killed = await work(place, { batch, tellFile, beside: 2 })
  expect(killed).toBeGreaterThan(0)
  expect(existsSync(tellFile)).toBe(true)
  await check(place, { batch, tellFile, killed })
})
