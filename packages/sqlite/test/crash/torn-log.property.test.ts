import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { StoredStream } from '@sluice/core/extend'
import { check, createVirtualRuntime, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { StreamsInFile } from '../../src/sqlite-store.ts'
import { copyDirectory } from '../rig/crashes.ts'
import { newDirectories } from '../rig/directories.ts'
import { beginStream, STOP, untilStored } from '../rig/facts.ts'
import { instantDisk } from '../rig/instant-disk.ts'

const newDirectory = newDirectories()
const runtime = createVirtualRuntime()
const open = (directory: string): StreamsInFile => new StreamsInFile(directory, { runtime, openDisk: instantDisk })
const STREAMS = 4
const ROUNDS = 40

interface Written {
  readonly directory: string
  readonly streams: readonly StoredStream[]
  readonly log: Buffer
}

/** Streams that were written to the end or not, and the file as a power cut may leave it: what is moved out of the log is not. */
async function writeStreams(): Promise<Written> {
  const directory = newDirectory()
  const store = open(directory)
  const streams: StoredStream[] = []
  for (let index = 0; index < STREAMS; index++) streams.push(await beginStream(store, { key: `k${index}` }))
  for (let round = 0; round < ROUNDS; round++) {
    const stream = streams[round % STREAMS]!
    stream.log.append(`${round} `)
    stream.log.append({ type: 'reasoning', text: 'x'.repeat(round * 7) })
    await untilStored(runtime, stream)
  }
  streams[0]!.log.append(STOP)
  await untilStored(runtime, streams[0]!)
  const copy = copyDirectory(directory, newDirectory())
  await store.dispose()
  return { directory: copy, streams, log: readFileSync(join(copy, 'streams.db-wal')) }
}

const damages = fc.record({
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  how: fc.constantFrom('cut' as const, 'zeroed' as const, 'flipped' as const),
})

function damaged(log: Buffer, { part, how }: { part: number; how: 'cut' | 'zeroed' | 'flipped' }): Buffer {
  const at = Math.floor(part * (log.length - 1))
  if (how === 'cut') return log.subarray(0, at)
  const copy = Buffer.from(log)
  if (how === 'zeroed') copy.fill(0, at)
  else copy[at] = copy[at]! ^ 0x55
  return copy
}

test('contract 1 and 2: whatever the tail of the log has come to, each stream is the beginning of what it was, and has one end', async () => {
  const { directory, streams, log } = await writeStreams()
  let whole = 0
  let missing = 0
  const property = fc.asyncProperty(damages, async (damage) => {
    const torn = copyDirectory(directory, newDirectory())
    writeFileSync(join(torn, 'streams.db-wal'), damaged(log, damage))
    const store = open(torn)
    for (const { facts, log: written } of streams) {
      const found = await store.find(facts)
      if (found.is === 'unknown') {
        missing++
        continue
      }
      if (found.is !== 'stream') throw new Error(`found ${found.is}`)
      const { log: left } = found.stream
      const last = left.end === undefined || left.epoch > 1 ? left.lastSeq - 1 : left.lastSeq
      expect(left.read(0, last)).toEqual(written.read(0, last))
      expect(left.end).toMatchObject(last === left.lastSeq ? STOP : { reason: 'interrupted', cause: 'lease' })
      if (last >= written.lastSeq - 1) whole++
      else expect(left.epoch).toBe(2)
    }
    await store.dispose()
  })
  await check(property, { numRuns: Math.ceil(RUNS / 5) })
  // Damage that is never met, or that takes everything, would say nothing.
  expect(whole).toBeGreaterThan(0)
  expect(missing).toBeGreaterThan(0)
})
