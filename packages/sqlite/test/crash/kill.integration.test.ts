import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { createSluice, type Sluice } from '@sluice/core'
import { expect, test } from 'vitest'

import { sqliteStore } from '../../src/index.ts'
import { newDirectories } from '../rig/directories.ts'
import { countTo, type Told } from './told.ts'

const PROGRAM = fileURLToPath(new URL('counting-process.ts', import.meta.url))
/** How often a process is killed; `npm run soak -- sqlite` asks for more. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 50)
/** Processes that are killed at the same time, each with a directory of its own. */
const BESIDE = 2
/** A process has this long at most from then on. */
const LIVES_MS = 120
const newDirectory = newDirectories()
/** What one process has compiled, the next need not. */
const COMPILED = newDirectory()

/** What is known of a stream from all that was told of it, by one process after another. */
interface Known {
  started: Told & { is: 'started' }
  shown: number
  reason: string | undefined
  /** Whether it was about to be erased, or was. */
  erased: 'no' | 'perhaps' | 'yes'
}

class Killed {
  readonly directory: string = newDirectory()
  readonly known: Map<string, Known> = new Map()
  #lives = 0

  /** Lets a process live for a while, kills it, and notes what it has told. */
  async live(): Promise<void> {
    const told = newDirectory()
    const child = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, this.directory, told], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    })
    const exited = once(child, 'exit')
    // Every other one is not killed before it has shown something, however long it takes to get that far.
    const sign = this.#lives++ % 2 === 0 ? 'shown' : 'begun'
    await Promise.race([untilSaid(child.stdout, sign), exited])
    setTimeout(() => child.kill('SIGKILL'), Math.random() * LIVES_MS)
    expectKilled((await exited) as [number | null, string | null])
    // The last line may be cut in the middle.
    const lines = readFileSync(told, 'utf8').split('\n').slice(0, -1)
    for (const line of lines) this.#note(JSON.parse(line) as Told)
  }

  #note(told: Told): void {
    if (told.is === 'started') {
      this.known.set(told.id, { started: told, shown: 0, reason: undefined, erased: 'no' })
      return
    }
    const known = this.known.get(told.id)
    // It was started by a process that was killed before it could say so.
    if (!known) return
    if (told.is === 'shown') known.shown = Math.max(known.shown, told.length)
    else if (told.is === 'ended') known.reason ??= told.reason
    else known.erased = told.is === 'erased' ? 'yes' : 'perhaps'
  }

  async check(): Promise<void> {
    const store = sqliteStore({ directory: this.directory, onWarning: (message) => expect.unreachable(message) })
    const sluice = createSluice({ store, stream: { takeoverMs: 60_000 } })
    for (const [id, known] of this.known) await checkStream(sluice, id, known)
    await store.dispose()
    expectWhole(this.directory)
  }
}

async function untilSaid(output: Readable, word: string): Promise<void> {
  for await (const line of createInterface({ input: output })) if (line.includes(word)) break
  output.resume()
}

function expectKilled([code, signal]: [number | null, string | null]): void {
  expect([code, signal]).toEqual([null, 'SIGKILL'])
}

function expectWhole(directory: string): void {
  const database = new DatabaseSync(join(directory, 'streams.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  const orphans =
    'SELECT count(*) AS count FROM segments WHERE stream NOT IN (SELECT number FROM streams UNION SELECT number FROM remains)'
  expect(database.prepare(orphans).get()).toEqual({ count: 0 })
  database.close()
}

async function checkStream(sluice: Sluice, id: string, known: Known): Promise<void> {
  const { started, shown, reason, erased } = known
  const as = 'server'
  if (erased === 'yes') return expect(sluice.info({ id }, { as })).rejects.toMatchObject({ code: 'SLUICE_ERR_GONE' })
  let said
  try {
    said = await sluice.transcript({ id }, { as })
  } catch (error) {
    // It was being erased: that was not told any more.
    expect(error).toMatchObject({ code: 'SLUICE_ERR_GONE' })
    expect(erased).toBe('perhaps')
    known.erased = 'yes'
    return
  }
  const all = countTo(started.total)
  expect(all.startsWith(said.text)).toBe(true)
  expect(said.text.length).toBeGreaterThanOrEqual(shown)
  const { end, status } = await sluice.info({ id }, { as })
  if (reason === undefined && started.named && status !== 'ended') return
  expect(status).toBe('ended')
  if (reason !== undefined) expect(end?.reason).toBe(reason)
  known.reason = end!.reason
  if (end!.reason === 'stop') expect(said.text).toBe(all)
  if (end!.reason === 'interrupted') expect(end).toMatchObject({ cause: 'lease', complete: false })
  const { key } = started
  if (key !== undefined)
    await expect(sluice.info({ key }, { as })).rejects.toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
  const { repeat } = started
  if (repeat === undefined) return
  const again = await sluice.start(() => [], { as, idempotency: { key: repeat, fingerprint: 'f' } })
  expect([again.attached, again.id]).toEqual([true, id])
  again.detach()
}

test(`contract 1, 3 and 11: whenever a process is killed, all that it has shown and acknowledged is there (${KILLS} times)`, async () => {
  const kill = async (times: number): Promise<number> => {
    const killed = new Killed()
    for (let time = 0; time < times; time++) {
      await killed.live()
      await killed.check()
    }
    return [...killed.known.values()].reduce((sum, { shown }) => sum + shown, 0)
  }
  const shares = Array.from({ length: BESIDE }, (_, index) => Math.ceil((KILLS - index) / BESIDE))
  const shown = await Promise.all(shares.map(kill))
  // Nothing can be wrong with what nobody was shown.
  for (const characters of shown) expect(characters).toBeGreaterThan(0)
})
