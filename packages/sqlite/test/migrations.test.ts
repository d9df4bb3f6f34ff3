import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'

import type { StoredStream } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import { Database } from '../src/file/database.ts'
import { migrate } from '../src/file/migrations.ts'
import { STREAMS_FILE } from '../src/file/streams-file.ts'
import { StreamsInFile } from '../src/sqlite-store.ts'
import { schemaOf } from './fixtures/dump.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, createFacts, CUT, KEEPING, STOP } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const FIXTURES = join(import.meta.dirname, 'fixtures')
/** Files of every version that was ever written, as a killed process has left them. */
const versions = readdirSync(FIXTURES).filter((file) => file.endsWith('.sql'))

function fileOf(version: string): string {
  const directory = newDirectory()
  mkdirSync(directory)
  const database = new DatabaseSync(join(directory, 'streams.db'))
  database.exec(readFileSync(join(FIXTURES, version), 'utf8'))
  database.close()
  return directory
}

test('there is a file of every version', () => {
  expect(versions.toSorted()).toEqual(STREAMS_FILE.migrations.map((_, index) => `version-${index + 1}.sql`))
})

test.each(versions)('a file of %s is read as it was meant, and is of the latest version then', async (version) => {
  const directory = fileOf(version)
  const runtime = createVirtualRuntime()
  const store = new StreamsInFile(directory, { runtime, openDisk: instantDisk })
  onTestFinished(() => store.dispose())
  const read = async (id: string): Promise<StoredStream> => {
    const found = await store.find({ tenant: 't', id })
    if (found.is !== 'stream') throw new Error(`${id} is ${found.is}`)
    return found.stream
  }
  const { log, facts } = await read('ended')
  expect(facts).toEqual(
    createFacts({
      id: 'ended',
      key: 'k',
      idempotency: { key: 'i', fingerprint: 'f' },
      meta: { chat: 'ü 😀' },
    }),
  )
  expect([log.epoch, log.lastSeq, log.end]).toEqual([1, 404, STOP])
  expect(log.firstSeq).toBeGreaterThan(300)
  for (let seq = log.firstSeq; seq <= 401; seq++)
    expect(log.read(seq - 1, 1)[0]!.event).toEqual({ type: 'text', text: `${seq - 2} ü`.padEnd(40, '.') })
  // What was before the oldest event is known as a whole.
  const choice = log.resumeStateAt(log.lastSeq).choices.get(0)
  expect(choice).toMatchObject({ tools: [{ id: 't', name: 'look', extra: { of: [1] } }], finished: true })
  expect([log.usage, log.finishReason, log.tokens]).toEqual([{ outputTokens: 7 }, 'stop', 400])

  const running = await read('running')
  expect(running.log.read(0, 9).map(({ event }) => event)).toEqual([
    { type: 'text', text: 'one ' },
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'two ' },
    {
      type: 'end',
      reason: 'interrupted',
      complete: false,
      cause: 'lease',
      usage: { outputTokens: 3, estimated: true },
    },
  ])
  const left = await read('left')
  expect([left.log.end, left.log.read(0, 9)]).toMatchObject([undefined, [{ event: { text: '0 ' } }]])
  expect(await store.find({ tenant: 't', id: 'erased' })).toMatchObject({ is: 'tombstone', tombstone: { end: CUT } })
  expect(await store.begin(createFacts({ idempotency: { key: 'i', fingerprint: 'f' } }), KEEPING)).toMatchObject({
    is: 'repeated',
    stream: { facts: { id: 'ended' } },
  })
  await beginStream(store, { key: 'k' })
  await store.dispose()

  const fresh = newDirectory()
  await new StreamsInFile(fresh, { runtime, openDisk: instantDisk }).dispose()
  const [migrated, made] = [directory, fresh].map((each) => new DatabaseSync(join(each, 'streams.db')))
  expect(schemaOf(migrated!)).toEqual(schemaOf(made!))
  for (const database of [migrated!, made!]) database.close()
})

test('a step that fails leaves the version before it, whole', () => {
  const sqlite = new DatabaseSync(':memory:')
  const database = new Database(sqlite)
  const steps = [
    (each: Database) => each.exec('CREATE TABLE one (a)'),
    (each: Database) => {
      each.exec('CREATE TABLE two (a)')
      throw new Error('half of it')
    },
  ]
  expect(() => migrate(database, 'a file', steps)).toThrow('half of it')
  expect(database.pragma('user_version')).toBe(1)
  expect(schemaOf(sqlite)).toEqual(['CREATE TABLE one (a)'])
  migrate(database, 'a file', [steps[0]!, (each) => each.exec('CREATE TABLE three (a)')])
  expect(database.pragma('user_version')).toBe(2)
  expect(schemaOf(sqlite)).toHaveLength(2)
  database.close()
})
