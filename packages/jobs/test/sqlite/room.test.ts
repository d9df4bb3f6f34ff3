import { statSync } from 'node:fs'
import { join } from 'node:path'

import { createVirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { instantDisk } from '../../../sqlite/test/rig/instant-disk.ts'
import { resolveSqliteDocumentsOptions } from '../../src/sqlite/options.ts'
import { SqliteDocuments } from '../../src/sqlite/sqlite-documents.ts'
import { LONG_MS, writeOf } from '../documents/suite/rig.ts'

const newDirectory = newDirectories()
const MIB = 1024 * 1024
const value = 'x'.repeat(20_000)

function open(maxFileBytes: number): {
  store: SqliteDocuments
  runtime: ReturnType<typeof createVirtualRuntime>
  bytes: () => number
  warnings: string[]
} {
  const runtime = createVirtualRuntime()
  const directory = newDirectory()
  const warnings: string[] = []
  const onWarning = (message: string): void => void warnings.push(message)
  const options = resolveSqliteDocumentsOptions('documents', { directory, maxFileBytes, onWarning })
  const store = new SqliteDocuments(options, { runtime, openDisk: instantDisk })
  onTestFinished(() => store.close())
  return { store, runtime, bytes: () => statSync(join(directory, 'documents.db')).size, warnings }
}

test('over the bytes that the file may have new documents are refused; what is there can end, with what follows from it', async () => {
  const { store, runtime, bytes, warnings } = open(MIB)
  let count = 0
  const fill = async (): Promise<void> => {
    for (;;) {
      await store.write([writeOf(`d${count}`, { value, forgetInMs: LONG_MS })])
      count++
    }
  }
  await expect(fill()).rejects.toMatchObject({
    code: 'SLUICE_ERR_OVERLOADED',
    status: 503,
    message: expect.stringContaining('1048576'),
  })
  expect(count).toBeGreaterThan(30)
  expect(store.read({ kind: 'job', id: `d${count}` })).toBeUndefined()
  expect(
    await store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 100 }),
  ).toHaveLength(count)
  for (let index = 0; index < count; index++) {
    const end = writeOf(`d${index}`, { after: 1, value: value.repeat(6), state: 'ended', forgetInMs: LONG_MS })
    const follows = writeOf(`e${index}`, { kind: 'delivery', forgetInMs: LONG_MS })
    expect(await store.write([end, follows])).toEqual({ is: 'ok' })
    await runtime.advance(1)
  }
  // More than it may have and the room that is spare, and no more than had to be written.
  expect(bytes()).toBeGreaterThan(3 * MIB)
  expect(bytes()).toBeLessThan(8 * MIB)
  await expect(store.write([writeOf('new')])).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED' })
  await runtime.advance(LONG_MS + 1)
  expect(await store.write([writeOf('new')])).toEqual({ is: 'ok' })
  expect(warnings).toEqual([])
})

test('room that is free is given back to the disk, some at a time, and what is over goes though nobody asks', async () => {
  const { store, runtime, bytes } = open(64 * MIB)
  for (let index = 0; index < 400; index++) {
    // Some are removed, and some are over.
    await store.write([writeOf(`d${index}`, { value, forgetInMs: index % 2 === 0 ? LONG_MS : undefined })])
    if (index % 40 === 0) await runtime.advance(50)
  }
  await runtime.advance(1_000)
  const grown = bytes()
  expect(grown).toBeGreaterThan(6 * MIB)
  await runtime.advance(LONG_MS)
  for (let index = 1; index < 400; index += 2) await store.write([{ kind: 'job', id: `d${index}`, after: 1 }])
  // The log is moved into the file with what is written next; however steadily that is, room is given back meanwhile.
  for (let index = 0; index < 1_000; index++) {
    await store.write([writeOf('same', { after: index })])
    await runtime.advance(5)
  }
  expect(bytes()).toBeLessThan(grown / 3)
  await store.close()
  expect(runtime.pendingTimers).toBe(0)
})

test('much that is over at once does not keep the event loop from others', async () => {
  const { store, runtime } = open(64 * MIB)
  for (let index = 0; index < 300; index++) await store.write([writeOf(`d${index}`, { forgetInMs: LONG_MS })])
  runtime.lag(LONG_MS + 1)
  // It is not there for anybody, though most of it is in the file.
  expect(store.count('job', { state: 'queued' })).toBe(0)
  expect(store.list({ kind: 'job', scope: 's', limit: 1 })).toEqual({ documents: [], more: false })
  expect(store.nextDueInMs('job', ['queued'])).toBeUndefined()
  expect(await store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: 1, limit: 1 })).toEqual([])
  expect(await store.write([writeOf('d299')], [{ kind: 'job', state: 'queued', atMost: 1 }])).toEqual({ is: 'ok' })
  expect(store.read({ kind: 'job', id: 'd299' })).toMatchObject({ version: 1 })
})
