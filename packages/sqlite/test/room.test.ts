import { readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import type { StoredStream } from '@sluice/core/extend'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import type { SqliteStoreOptions } from '../src/index.ts'
import { StreamsInFile } from '../src/sqlite-store.ts'
import { copyDirectory } from './rig/crashes.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, codeOf, createFacts, CUT, KEEPING, STOP, untilStored } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const MIB = 1024 * 1024
const PIECE = 'a piece of a kilobyte. '.repeat(45)

function open(options: Partial<SqliteStoreOptions> = {}): {
  runtime: VirtualRuntime
  store: StreamsInFile
  directory: string
} {
  const runtime = createVirtualRuntime()
  const directory = newDirectory()
  const store = new StreamsInFile({ directory, ...options }, { runtime, openDisk: instantDisk })
  onTestFinished(() => store.dispose())
  return { runtime, store, directory }
}

async function say(runtime: VirtualRuntime, stream: StoredStream, kilobytes: number): Promise<void> {
  for (let piece = 0; piece < kilobytes; piece++) stream.log.append(PIECE)
  await untilStored(runtime, stream)
}

/** Sizes of the file, once its log is moved into it. */
function pagesOf(directory: string): { used: number; bytes: number } {
  const database = new DatabaseSync(join(directory, 'streams.db'))
  const number = (pragma: string): number => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0])
  const used = (number('page_count') - number('freelist_count')) * 4096
  database.close()
  return { used, bytes: statSync(join(directory, 'streams.db')).size }
}

test('contract 6: what is over is given up when its time has come, and the file becomes smaller, step by step', async () => {
  const { runtime, store, directory } = open()
  const streams: StoredStream[] = []
  for (let index = 0; index < 20; index++) {
    const stream = await beginStream(store, {}, { retentionMs: 1_000 })
    await say(runtime, stream, 200)
    stream.log.append(STOP)
    await untilStored(runtime, stream)
    streams.push(stream)
  }
  const kept = await beginStream(store, {}, { retentionMs: 3_600_000 })
  kept.log.append(STOP)
  await untilStored(runtime, kept)
  await runtime.advance(60_000)
  for (const { facts } of streams) expect((await store.find(facts)).is).toBe('tombstone')
  expect((await store.find(kept.facts)).is).toBe('stream')
  await store.dispose()
  const { used, bytes } = pagesOf(directory)
  expect(used).toBeLessThan(MIB / 4)
  // Some free pages are kept for what comes next.
  expect(bytes).toBeLessThan(2 * MIB)
})

test('contract 6: over the bound of the file ended streams go, oldest end first; starts are refused when what runs is too much', async () => {
  const { runtime, store } = open({ maxFileBytes: MIB })
  const ended: StoredStream[] = []
  for (let index = 0; index < 3; index++) ended.push(await beginStream(store))
  // Ended in another order than they began.
  for (const index of [1, 0, 2]) {
    await say(runtime, ended[index]!, 200)
    await store.close(ended[index]!.facts, CUT)
    await runtime.advance(10)
  }
  const states = async (): Promise<string[]> =>
    Promise.all(ended.map(async ({ facts }) => (await store.find(facts)).is))
  expect(await states()).toEqual(['stream', 'stream', 'stream'])
  const hog = await beginStream(store, {}, { retentionBytes: 8 * MIB })
  await say(runtime, hog, 450)
  await beginStream(store)
  await runtime.advance(1_000)
  expect(await states()).toEqual(['stream', 'tombstone', 'stream'])
  await say(runtime, hog, 700)
  await runtime.advance(1_000)
  expect(await codeOf(() => store.begin(createFacts({ key: 'late' }), KEEPING))).toBe('SLUICE_ERR_OVERLOADED')
  expect(await states()).toEqual(['tombstone', 'tombstone', 'tombstone'])
  expect(await store.find({ tenant: 't', key: 'late' })).toEqual({ is: 'unknown' })
  // The hog itself goes on, and is found.
  expect((await store.find(hog.facts)).is).toBe('stream')
  await store.close(hog.facts, CUT)
  await store.erase(hog.facts)
  await runtime.advance(1_000)
  await beginStream(store, { key: 'late' })
})

test('contract 2 and 6: a stream that fills the file ends, told as what it is, and the others are all there', async () => {
  const { runtime, store } = open({ maxFileBytes: MIB, outageMs: 100, onWarning: () => {} })
  const small = await beginStream(store)
  small.log.append('small')
  await untilStored(runtime, small)
  const hog = await beginStream(store, {}, { retentionBytes: 64 * MIB, windowBytes: 32 * MIB })
  const codes: string[] = []
  hog.log.watchers.add({ lost: (code) => void codes.push(code) })
  for (let piece = 0; piece < 8_000 && hog.log.lost === undefined; piece++) {
    hog.log.append(PIECE)
    if (piece % 50 === 0) await runtime.advance(11)
  }
  await runtime.advance(1_000)
  expect(codes).toEqual(['storage'])
  expect((await store.find(small.facts)).is).toBe('stream')
  // It made room for others with its end.
  expect(store.health()).toBe('ok')
  const next = await beginStream(store)
  next.log.append('room')
  await untilStored(runtime, next)
  expect((await store.find(hog.facts)).is).toBe('tombstone')
})

test('contract 12: what was erased is not in the file any more', async () => {
  const { runtime, store, directory } = open()
  const secret = 'a secret that nobody may find again'
  const stream = await beginStream(store)
  for (let piece = 0; piece < 300; piece++) stream.log.append(`${piece} ${secret} `)
  stream.log.append(STOP)
  await untilStored(runtime, stream)
  await store.erase(stream.facts)
  await runtime.advance(30_000)
  await store.dispose()
  expect(readFileSync(join(directory, 'streams.db')).includes(secret)).toBe(false)
  const database = new DatabaseSync(join(directory, 'streams.db'))
  for (const table of ['segments', 'journal', 'remains', 'streams'])
    expect([table, database.prepare(`SELECT count(*) AS count FROM ${table}`).get()]).toEqual([table, { count: 0 }])
  database.close()
})

test('tombstones have a bound: the latest are remembered', async () => {
  const { store } = open({ maxTombstones: 3 })
  const streams: StoredStream[] = []
  for (let index = 0; index < 5; index++) {
    const stream = await beginStream(store)
    await store.close(stream.facts, CUT)
    await store.erase(stream.facts)
    streams.push(stream)
  }
  const found = await Promise.all(streams.map(async ({ facts }) => (await store.find(facts)).is))
  expect(found).toEqual(['unknown', 'unknown', 'tombstone', 'tombstone', 'tombstone'])
})

test('the journal is short, however long a stream that says little runs', async () => {
  const { runtime, store, directory } = open()
  const quiet = await beginStream(store)
  const talker = await beginStream(store)
  quiet.log.append('a word')
  for (let second = 0; second < 65; second++) {
    for (let word = 0; word < 10; word++) {
      talker.log.append(`${second}.${word} `)
      await runtime.advance(100)
    }
  }
  const copy = copyDirectory(directory, newDirectory())
  const database = new DatabaseSync(join(copy, 'streams.db'))
  const { count } = database.prepare('SELECT count(*) AS count FROM journal').get()!
  database.close()
  // Those of some ten seconds.
  expect(count).toBeLessThan(150)
  expect(count).toBeGreaterThan(0)
})
