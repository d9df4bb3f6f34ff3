import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { createVirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import { StreamsInFile } from '../src/sqlite-store.ts'
import { copyDirectory } from './rig/crashes.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, codeOf, STOP, untilStored } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const runtime = createVirtualRuntime()
/** As a later version might write it. */
const LATER = '["all ",{"type":"later"},{"type":"end","reason":"stop","complete":true}]'

function open(directory: string, warnings: string[] = []): StreamsInFile {
  const onWarning = (message: string): void => void warnings.push(message)
  const store = new StreamsInFile({ directory, onWarning }, { runtime, openDisk: instantDisk })
  onTestFinished(() => store.dispose())
  return store
}

function damage(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, 'streams.db'))
  expect(database.prepare(sql).run().changes).toBe(1)
  database.close()
}

test.each([
  ['another letter', `UPDATE segments SET events = replace(events, 'all', 'ill')`],
  ['a position', `UPDATE segments SET first_seq = 2, last_seq = last_seq + 1`],
  ['an event of a kind that is not known', `UPDATE segments SET events = '${LATER}', checksum = ${crc32(LATER)}`],
  ['a segment that is gone', `DELETE FROM segments`],
  ['an end that is none', `UPDATE streams SET ending = '{"type":"end"}'`],
])(
  'contract 2: a stream of which something is not as it was written is refused, and no other is: %s',
  async (_, sql) => {
    const directory = newDirectory()
    const before = open(directory)
    const hurt = await beginStream(before)
    for (const event of ['all ', 'of it', STOP]) hurt.log.append(event)
    await untilStored(runtime, hurt)
    await before.dispose()
    damage(directory, sql)
    const store = open(directory)
    expect(await codeOf(() => store.find(hurt.facts))).toBe('SLUICE_ERR_STORE')
    const other = await beginStream(store)
    other.log.append('well')
    await untilStored(runtime, other)
    expect((await store.find(other.facts)).is).toBe('stream')
  },
)

test('contract 2: a journal that is damaged is read up to there, the operator is told, and streams end where they are known to have been', async () => {
  const directory = newDirectory()
  const before = open(directory)
  const stream = await beginStream(before)
  for (const event of ['one ', 'two ', 'three ']) {
    stream.log.append(event)
    await untilStored(runtime, stream)
  }
  const copy = copyDirectory(directory, newDirectory())
  damage(copy, `UPDATE journal SET entries = replace(entries, 'two', 'too') WHERE number = 2`)
  const warnings: string[] = []
  const found = await open(copy, warnings).find(stream.facts)
  if (found.is !== 'stream') throw new Error(found.is)
  const { log } = found.stream
  expect(log.read(0, 9)).toMatchObject([{ event: { text: 'one ' } }, { event: { reason: 'interrupted' } }])
  expect(warnings).toEqual([expect.stringContaining(copy)])
})
