import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { newDirectories } from '../../../../sqlite/test/rig/directories.ts'
import { ForgetfulDisk } from '../../../../sqlite/test/rig/forgetful-disk.ts'
import { instantDisk } from '../../../../sqlite/test/rig/instant-disk.ts'
import { resolveSqliteDocumentsOptions } from '../../../src/sqlite/options.ts'
import { SqliteDocuments } from '../../../src/sqlite/sqlite-documents.ts'
import { writeOf } from '../../documents/suite/rig.ts'

const newDirectory = newDirectories()
const optionsOf = (directory: string): ReturnType<typeof resolveSqliteDocumentsOptions> =>
  resolveSqliteDocumentsOptions('documents', { directory, onWarning: (message) => expect.unreachable(message) })

test('whatever of its writes the disk has in a power cut, every one that was said to be done is there, and no file is broken', async () => {
  const runtime = createVirtualRuntime()
  const directory = newDirectory()
  let disk: ForgetfulDisk | undefined
  const openDisk = (): ForgetfulDisk =>
    (disk = new ForgetfulDisk({ runtime, live: directory, file: 'documents.db', newDirectory }))
  const store = new SqliteDocuments(optionsOf(directory), { runtime, openDisk })
  const written = new Map<string, number>()
  const cuts: { left: string; written: ReadonlyMap<string, number> }[] = []
  const cut = (): void => {
    const latest = new Map([...written].slice(-6))
    cuts.push(...disk!.cuts().map((left) => ({ left, written: latest })))
  }
  disk!.onMoving = cut
  const write = async (id: string, after: number): Promise<void> => {
    const { is } = await store.write([writeOf(id, { after, value: `${after} `.repeat(24_000) })])
    expect(is).toBe('ok')
    written.delete(id)
    written.set(id, after + 1)
  }
  for (let round = 0; round < 48; round++) {
    const writes = [write(`new${round}`, 0), write(`n${round % 7}`, Math.floor(round / 7))]
    await runtime.advance(3)
    writes.push(write(`later${round}`, 0))
    await runtime.advance(40)
    await Promise.all(writes)
    if (round % 10 === 9) cut()
  }
  expect(disk!.moves).toBeGreaterThan(1)
  const closed = store.close()
  await runtime.advance(1_000)
  await closed
  for (const { left, written: were } of cuts) await expectWhole(left, were)
})

test('a write is done once the disk has it, and not before; a disk that does not confirm it is an error', async () => {
  const directory = newDirectory()
  let confirm: { resolve: () => void; reject: (error: Error) => void } | undefined
  const openDisk = (): ReturnType<typeof instantDisk> => ({
    ...instantDisk(),
    syncLog: () => new Promise<void>((resolve, reject) => void (confirm = { resolve, reject })),
  })
  const warnings: string[] = []
  const options = { ...optionsOf(directory), onWarning: (message: string) => void warnings.push(message) }
  const runtime = createVirtualRuntime()
  const store = new SqliteDocuments(options, { runtime, openDisk })
  let isDone = false
  const first = store.write([writeOf('a')]).then(() => (isDone = true))
  const told: string[] = []
  store.watch('job', (id) => told.push(id))
  await runtime.advance(1_000)
  expect([isDone, told]).toEqual([false, []])
  confirm!.resolve()
  await first
  await runtime.flush()
  expect([isDone, told]).toEqual([true, ['a']])
  const second = store.write([writeOf('b')])
  await runtime.flush()
  confirm!.reject(new Error('the disk is gone'))
  await expect(second).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
  expect(warnings).toEqual([expect.stringContaining('the disk is gone')])
  await store.close()
})

async function expectWhole(directory: string, written: ReadonlyMap<string, number>): Promise<void> {
  const store = new SqliteDocuments(optionsOf(directory), { runtime: createVirtualRuntime(), openDisk: instantDisk })
  for (const [id, version] of written) {
    const found = store.read({ kind: 'job', id })
    expect([id, (found?.version ?? 0) >= version]).toEqual([id, true])
    expect(found!.value).toBe(`${found!.version - 1} `.repeat(24_000))
  }
  await store.close()
  const database = new DatabaseSync(join(directory, 'documents.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
}
