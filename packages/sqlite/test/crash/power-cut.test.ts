import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import type { StoredStream } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { StreamsInFile } from '../../src/sqlite-store.ts'
import { newDirectories } from '../rig/directories.ts'
import { ForgetfulDisk } from '../rig/forgetful-disk.ts'
import { beginStream, STOP, untilStored } from '../rig/facts.ts'
import { instantDisk } from '../rig/instant-disk.ts'

const newDirectory = newDirectories()

test('contract 3: whatever of its writes the disk has in a power cut, every end that was shown is there, and no file is broken', async () => {
  const runtime = createVirtualRuntime()
  const directory = newDirectory()
  let disk: ForgetfulDisk | undefined
  const store = new StreamsInFile(directory, {
    runtime,
    openDisk: () => (disk = new ForgetfulDisk({ runtime, live: directory, file: 'streams.db', newDirectory })),
  })
  const shown: StoredStream[] = []
  const cuts: { left: string; shown: readonly StoredStream[] }[] = []
  const cut = (): void => void cuts.push(...disk!.cuts().map((left) => ({ left, shown: shown.slice(-4) })))
  disk!.onMoving = cut
  for (let round = 0; round < 24; round++) {
    const stream = await beginStream(store)
    stream.log.watchers.add({ ended: () => void shown.push(stream) })
    // Enough for the log to be moved now and then, and something is always being said.
    for (let piece = 0; piece < 40; piece++) {
      stream.log.append(`${round}.${piece} ${'x'.repeat(12_000)}`)
      await runtime.advance(2)
    }
    stream.log.append(STOP)
    if (round % 4 === 0) await untilStored(runtime, stream)
    if (round % 8 === 7) cut()
  }
  expect(disk!.moves).toBeGreaterThan(2)
  const disposed = store.dispose()
  await runtime.advance(1_000)
  await disposed
  for (const each of cuts) await expectWhole(each.left, each.shown)
})

async function expectWhole(directory: string, shown: readonly StoredStream[]): Promise<void> {
  const store = new StreamsInFile(directory, { runtime: createVirtualRuntime(), openDisk: instantDisk })
  for (const { facts, log } of shown) {
    const found = await store.find(facts)
    if (found.is !== 'stream') throw new Error(`A stream whose end was shown is ${found.is}.`)
    expect([found.stream.log.end, found.stream.log.lastSeq]).toEqual([STOP, log.lastSeq])
    expect(found.stream.log.read(0, 50)).toEqual(log.read(0, 50))
  }
  await store.dispose()
  const database = new DatabaseSync(join(directory, 'streams.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
}
