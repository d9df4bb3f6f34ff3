import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { schemaOf } from '../../../sqlite/test/fixtures/dump.ts'
import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { DOCUMENTS_FILE } from '../../src/sqlite/documents-file.ts'
import { sqliteDocuments } from '../../src/sqlite.ts'

const newDirectory = newDirectories()
const FIXTURES = join(import.meta.dirname, 'fixtures')
/** Files of every version that was ever written. */
const versions = readdirSync(FIXTURES).filter((file) => file.endsWith('.sql'))

test('there is a file of every version', () => {
  expect(versions.toSorted()).toEqual(DOCUMENTS_FILE.migrations.map((_, index) => `version-${index + 1}.sql`))
})

test.each(versions)('a file of %s is read as it was meant, and is of the latest version then', async (version) => {
  const directory = newDirectory()
  mkdirSync(directory)
  const written = new DatabaseSync(join(directory, 'documents.db'))
  written.exec(readFileSync(join(FIXTURES, version), 'utf8'))
  written.close()
  const documents = sqliteDocuments(directory)
  onTestFinished(() => documents.close())
  const scope = '["t","ü 😀"]'
  const read = (id: string): unknown => documents.read({ kind: 'job', id })
  const common = { kind: 'job', scope, createdAtMs: expect.any(Number) as number }
  const taken = {
    ...common,
    id: 'taken',
    state: 'running',
    priority: 7,
    version: 1,
    lease: 1,
    value: { text: 'ü \ud83d \0' },
  }
  const waits = { ...common, id: 'waits', state: 'queued', priority: -7, version: 2, lease: 0, value: [2, null] }
  const far = { ...common, id: 'far', state: 'queued', priority: 0, version: 1, lease: 0, value: 'far' }
  expect([read('taken'), read('waits'), read('far')]).toEqual([taken, waits, far])
  expect((await documents.list({ kind: 'job', scope, limit: 9 })).documents).toEqual([waits, taken, far])
  expect(await documents.count('delivery', { scope: '\0\ud83d', state: 'ended' })).toBe(1)
  expect(await documents.count('job', { state: 'queued' })).toBe(2)
  expect(await documents.renew({ kind: 'job', id: 'taken' }, 1, 1_000)).toBe(true)
  const claim = { kind: 'job', from: ['queued', 'running'], to: 'running', leaseMs: 1_000, limit: 9 }
  expect(await documents.claim(claim)).toEqual([{ ...waits, state: 'running', lease: 1 }])
  expect(await documents.write([{ kind: 'job', id: 'far', after: 1 }])).toEqual({ is: 'ok' })
  await documents.close()

  const fresh = newDirectory()
  await sqliteDocuments(fresh).close()
  const [migrated, made] = [directory, fresh].map((each) => new DatabaseSync(join(each, 'documents.db')))
  expect(schemaOf(migrated!)).toEqual(schemaOf(made!))
  for (const database of [migrated!, made!]) database.close()
})
