import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { sqliteModule } from '../src/file/sqlite-module.ts'
import { sqliteStore } from '../src/index.ts'
import { newDirectories } from './rig/directories.ts'

const newDirectory = newDirectories()
const OPTION = 'SLUICE_ERR_OPTION'

/** What `act` says is wrong. */
function wrong(act: () => unknown): { code: string; message: string } {
  try {
    act()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('Nothing was wrong.')
}

describe('a directory', () => {
  test('is made where it is not there, and nobody else of this machine may read it', async () => {
    const directory = join(newDirectory(), 'in', 'another')
    const store = sqliteStore(directory)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const file of ['streams.db', 'streams.db-wal', 'streams.pid'])
      expect([file, statSync(join(directory, file)).mode & 0o077]).toEqual([file, 0])
    await store.dispose()
    expect(existsSync(join(directory, 'streams.pid'))).toBe(false)
  })

  test('is one store at a time: the second is told who has it, and has it when the first is gone', async () => {
    const directory = newDirectory()
    const first = sqliteStore(directory)
    const { code, message } = wrong(() => sqliteStore(directory))
    expect(code).toBe('SLUICE_ERR_STORE_LOCKED')
    expect(message).toContain(directory)
    expect(message).toContain(`this process (${process.pid})`)
    await first.dispose()
    await sqliteStore(directory).dispose()
  })

  test.each([undefined, '', 'a\0b', { directory: 7 }, {}])('%j is none', (options) => {
    const { code, message } = wrong(() => sqliteStore(options as string))
    expect(code).toBe(OPTION)
    expect(message).toContain('directory')
  })

  test.each([
    ['maxBytes', 1],
    ['maxFileBytes', 1024],
    ['maxTombstones', -1],
    ['outageMs', 1.5],
    ['size', 1],
  ])('an option that is wrong is named: %s', (name, value) => {
    const { code, message } = wrong(() => sqliteStore({ directory: newDirectory(), [name]: value }))
    expect(code).toBe(OPTION)
    expect(message).toContain(name)
  })

  test('below something that is a file, the message says so', () => {
    const directory = newDirectory()
    mkdirSync(directory)
    writeFileSync(join(directory, 'file'), '')
    const { code, message } = wrong(() => sqliteStore(join(directory, 'file', 'data')))
    expect(code).toBe(OPTION)
    expect(message).toContain('cannot be written')
  })
})

describe('a file', () => {
  const fileIn = (directory: string): string => {
    mkdirSync(directory)
    return join(directory, 'streams.db')
  }

  test.each([
    ['of something else', Buffer.from('not a database, and long enough to be seen as none'.repeat(20))],
    ['of another program of SQLite', undefined],
  ])('%s is not touched', (_, content) => {
    const directory = newDirectory()
    const file = fileIn(directory)
    if (content) writeFileSync(file, content)
    else new DatabaseSync(file).exec('CREATE TABLE theirs (a)')
    const { code, message } = wrong(() => sqliteStore(directory))
    expect([code, message]).toEqual([OPTION, expect.stringContaining('is not one of sluice')])
  })

  test('that another process is making is opened all the same: an empty one is new', async () => {
    const directory = newDirectory()
    writeFileSync(fileIn(directory), '')
    await sqliteStore(directory).dispose()
  })

  test('of a later version is refused, with both versions and the way out', async () => {
    const directory = newDirectory()
    await sqliteStore(directory).dispose()
    const database = new DatabaseSync(join(directory, 'streams.db'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    const { code, message } = wrong(() => sqliteStore(directory))
    expect(code).toBe(OPTION)
    expect(message).toMatch(/version 99, .* up to 1\..*Use the version of sluice that wrote it, or another directory/)
  })

  test('that is damaged is not read', async () => {
    const directory = newDirectory()
    await sqliteStore(directory).dispose()
    const file = join(directory, 'streams.db')
    chmodSync(file, 0o600)
    const database = new DatabaseSync(file)
    database.exec(`INSERT INTO streams (id, tenant, owner, facts, keeping) VALUES ('a', '"t"', '"o"', '{"id":', '{}')`)
    database.close()
    expect(wrong(() => sqliteStore(directory)).code).toBe('SLUICE_ERR_STORE')
  })
})

test('a Node without node:sqlite is told which one has it', () => {
  const get = process.getBuiltinModule
  process.getBuiltinModule = (() => undefined) as unknown as typeof get
  try {
    const { code, message } = wrong(() => sqliteModule('v22.12.0'))
    expect(code).toBe('SLUICE_ERR_RUNTIME')
    expect(message).toMatch(/22\.13/)
    expect(message).toMatch(/Node 22\.12\.0/)
  } finally {
    process.getBuiltinModule = get
  }
})
