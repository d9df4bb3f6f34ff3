import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import { sqliteStore } from '@sluice/sqlite'
import { expect, test } from 'vitest'

import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import * as sqlite from '../../src/sqlite.ts'

const { sqliteDocuments, sqliteQueue } = sqlite
const newDirectory = newDirectories()
const wrong = (code: string, ...words: string[]): unknown => ({
  code,
  message: expect.stringMatching(words.join('.*')) as string,
})

test('exports these names', () => {
  const names = ['DEFAULT_SQLITE_DOCUMENTS_OPTIONS', 'sqliteDocuments', 'sqliteQueue']
  expect(Object.keys(sqlite).toSorted()).toEqual(names)
})

test('a directory may have streams, too: each has a file of its own, that nobody else of this machine may read', async () => {
  const directory = join(newDirectory(), 'in', 'another')
  const streams = sqliteStore(directory)
  const documents = sqliteDocuments({ directory })
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  for (const file of ['documents.db', 'documents.db-wal', 'documents.pid'])
    expect([file, statSync(join(directory, file)).mode & 0o077]).toEqual([file, 0])
  await streams.dispose()
  await documents.close()
  expect(existsSync(join(directory, 'documents.pid'))).toBe(false)
})

test('a directory is one store at a time: the second is told who has it, and has it when the first is gone', async () => {
  const directory = newDirectory()
  const first = sqliteQueue(directory)
  expect(() => sqliteDocuments(directory)).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_STORE_LOCKED', directory, `this process \\(${process.pid}\\)`)),
  )
  await first.close()
  await sqliteQueue({ directory }).close()
})

test.each([undefined, '', 'a\0b', { directory: 7 }, {}])('%j is no directory', (options) => {
  expect(() => sqliteQueue(options as string)).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_OPTION', 'directory', 'sqliteQueue')),
  )
})

test.each([
  ['maxFileBytes', 1024],
  ['size', 1],
])('an option that is wrong is named: %s', (name, value) => {
  expect(() => sqliteDocuments({ directory: newDirectory(), [name]: value })).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_OPTION', name)),
  )
})

test('a file of something else is not touched, and neither is one of streams', async () => {
  const directory = newDirectory()
  mkdirSync(directory)
  writeFileSync(join(directory, 'documents.db'), 'not a database, and long enough to be seen as none'.repeat(20))
  expect(() => sqliteDocuments(directory)).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_OPTION', 'is not one of sluice')),
  )
  const other = newDirectory()
  await sqliteStore(other).dispose()
  const streams = new DatabaseSync(join(other, 'streams.db'))
  streams.exec(`VACUUM INTO '${join(other, 'documents.db')}'`)
  streams.close()
  expect(() => sqliteDocuments(other)).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_OPTION', 'is not one of sluice')),
  )
})

test('a file of a later version is refused, with both versions and the way out', async () => {
  const directory = newDirectory()
  await sqliteDocuments(directory).close()
  const database = new DatabaseSync(join(directory, 'documents.db'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  expect(() => sqliteDocuments(directory)).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_OPTION', 'version 99, ', ' up to 1\\.', 'another directory')),
  )
})

test('a document that is not as it was written is refused, and no other is', async () => {
  const directory = newDirectory()
  const before = sqliteDocuments(directory)
  const place = { scope: 's', state: 'queued' }
  for (const id of ['hurt', 'well'])
    await before.write([{ kind: 'job', id, after: 0, value: { id }, place, dueInMs: 0 }])
  await before.close()
  const database = new DatabaseSync(join(directory, 'documents.db'))
  const damage = `UPDATE documents SET value = replace(value, 'hurt', 'hart') WHERE id = 'hurt'`
  expect(database.prepare(damage).run().changes).toBe(1)
  database.close()
  const documents = sqliteDocuments(directory)
  expect(() => documents.read({ kind: 'job', id: 'hurt' })).toThrow(
    expect.objectContaining(wrong('SLUICE_ERR_STORE', 'hurt', 'not as it was written')),
  )
  expect(await documents.read({ kind: 'job', id: 'well' })).toMatchObject({ value: { id: 'well' } })
  expect(await documents.write([{ kind: 'job', id: 'hurt', after: 1 }])).toEqual({ is: 'ok' })
  await documents.close()
})
