import { createVirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import { StreamsInFile } from '../src/sqlite-store.ts'
import { copyDirectory } from './rig/crashes.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, STOP, untilStored } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const runtime = createVirtualRuntime()
const KIB = 1024

function open(directory: string): StreamsInFile {
  const store = new StreamsInFile(directory, { runtime, openDisk: instantDisk })
  onTestFinished(() => store.dispose())
  return store
}

/** Tokens that are said together, and stored before the next are said; a segment of the log in memory has some fifty of them. */
test.each([
  ['in segments alone', [200]],
  ...Array.from({ length: 10 }, (_, more): [string, number[]] => [
    `in the journal in part, ${more}`,
    [30, 30, 34 + more],
  ]),
])(
  'contract 1: a head that is trimmed at once, %s, is summed up, and what is left is in its place',
  async (_, groups) => {
    const directory = newDirectory()
    const store = open(directory)
    const keeping = { retentionBytes: 80 * KIB, windowBytes: 64 * KIB }
    const stream = await beginStream(store, {}, keeping)
    const { log } = stream
    for (const [group, tokens] of groups.entries()) {
      log.append({ type: 'tool', phase: 'call', id: `t${group}`, name: 'look' })
      for (let token = 0; token < tokens; token++) log.append(`${token} `.padEnd(100, 'a'))
      await untilStored(runtime, stream)
    }
    const before = log.lastSeq
    // More than is kept, before the store has any of it.
    for (let token = 0; token < 1_200; token++) log.append(`${token} `.padEnd(100, 'b'))
    await untilStored(runtime, stream)
    expect(log.firstSeq).toBeGreaterThan(before)
    const running = copyDirectory(directory, newDirectory())
    log.append({ type: 'finish', reason: 'stop' })
    log.append(STOP)
    await untilStored(runtime, stream)
    await runtime.advance(1_000)

    for (const each of [store, open(running)]) {
      const found = await each.find(stream.facts)
      if (found.is !== 'stream') throw new Error(found.is)
      const { log: kept } = found.stream
      const choice = kept.resumeStateAt(kept.lastSeq).choices.get(0)
      expect(choice?.tools).toEqual(groups.map((__, group) => ({ id: `t${group}`, name: 'look' })))
      expect(kept.firstSeq).toBeGreaterThan(1)
      for (let seq = Math.max(kept.firstSeq, log.firstSeq); seq <= before + 1_200; seq++)
        expect(kept.read(seq - 1, 1)).toEqual(log.read(seq - 1, 1))
    }
  },
)
