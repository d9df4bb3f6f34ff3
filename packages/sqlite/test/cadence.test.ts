import { createVirtualRuntime } from '@sluice/testing'
import { afterAll, expect, test } from 'vitest'

import type { Disk } from '../src/file/disk.ts'
import { StreamsInFile } from '../src/sqlite-store.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, STOP } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const runtime = createVirtualRuntime()
const stores: StreamsInFile[] = []
afterAll(async () => void (await Promise.all(stores.map((store) => store.dispose()))))

function open(openDisk: () => Disk = instantDisk): StreamsInFile {
  const store = new StreamsInFile(newDirectory(), { runtime, openDisk })
  stores.push(store)
  return store
}

test('contract 10 and 11: the first token is stored at the end of its turn, what follows within 10 ms', async () => {
  const store = open()
  const { log } = await beginStream(store)
  log.append('a')
  expect(log.committed).toBe(0)
  await runtime.flush()
  expect(log.committed).toBe(1)
  log.append('b')
  await runtime.advance(9)
  expect(log.committed).toBe(1)
  await runtime.advance(1)
  expect(log.committed).toBe(2)
})

test('contract 10: the first token of one stream does not wait for what others said before', async () => {
  const store = open()
  const [one, two] = [await beginStream(store), await beginStream(store)]
  one.log.append('a')
  await runtime.flush()
  two.log.append('b')
  await runtime.flush()
  expect(two.log.committed).toBe(1)
})

test('one commit has what all streams have said, every 10 ms', async () => {
  const store = open()
  const streams = await Promise.all(Array.from({ length: 20 }, () => beginStream(store)))
  for (const { log } of streams) log.append('first ')
  await runtime.flush()
  let commits = 0
  const [{ log: watched }] = streams as [(typeof streams)[number]]
  watched.watchers.add({ furthestMoved: () => void commits++ })
  for (let ms = 0; ms < 100; ms++) {
    for (const { log } of streams) log.append(`${ms} `)
    await runtime.advance(1)
  }
  expect(commits).toBeLessThanOrEqual(11)
  for (const { log } of streams) expect(log.committed).toBeGreaterThan(90)
})

test('contract 3: an end is shown once it is on the disk, and not before', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const store = open(() => ({ ...instantDisk(), syncLog: () => promise }))
  const { log } = await beginStream(store)
  for (const event of ['a', STOP]) log.append(event)
  await runtime.advance(50)
  expect([log.committed, log.end]).toEqual([1, undefined])
  resolve()
  await runtime.advance(1)
  expect([log.committed, log.end]).toEqual([2, STOP])
})

test('contract 6: a source far ahead of the disk is written in several commits, and all of it', async () => {
  const store = open()
  const { log } = await beginStream(store, {}, { retentionBytes: 16 * 1024 * 1024, windowBytes: 8 * 1024 * 1024 })
  for (let index = 0; index < 10_000; index++) log.append(`${index} `)
  log.append(STOP)
  await runtime.advance(200)
  expect([log.committed, log.end]).toEqual([10_001, STOP])
})
