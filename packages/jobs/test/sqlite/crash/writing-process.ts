import { openSync, writeSync } from 'node:fs'

import { sqliteDocuments } from '../../../src/sqlite.ts'
import { type Told, valueOf } from './told.ts'

/** Writes, claims and removes documents, and says what it knows of them, until it is killed. */
const [directory = '', tellFile = ''] = process.argv.slice(2)
const telling = openSync(tellFile, 'a')
const random = (below: number): number => Math.floor(Math.random() * below)
// At once, and in order: what was said is said, whenever the process is killed.
const tell = (told: Told): void => void writeSync(telling, `${JSON.stringify(told)}\n`)
const documents = sqliteDocuments({ directory, onWarning: (message) => process.stderr.write(`${message}\n`) })
const KIND = 'job'

let number = 0

/** Two documents that are always written together, some versions of them, and perhaps their end. */
async function live(): Promise<void> {
  const name = `${process.pid}-${number++}`
  const ids = [`${name}-a`, `${name}-b`]
  for (let version = 1, last = 1 + random(12); version <= last; version++) {
    tell({ is: 'writing', ids, version })
    const place = { scope: `s${random(3)}`, state: ['queued', 'ended'][random(2)]! }
    const writes = ids.map((id) => ({
      kind: KIND,
      id,
      after: version - 1,
      value: valueOf(id, version),
      place,
      dueInMs: 0,
    }))
    const { is } = await documents.write(writes)
    if (is !== 'ok') throw new Error(is)
    tell({ is: 'written', ids, version })
    if (random(4) === 0)
      await documents.claim({ kind: KIND, from: ['queued'], to: 'running', leaseMs: 1 + random(50), limit: 2 })
  }
  if (random(3) > 0) return
  const { version } = (await documents.read({ kind: KIND, id: ids[0]! }))!
  tell({ is: 'writing', ids, version: 0 })
  await documents.write(ids.map((id) => ({ kind: KIND, id, after: version })))
  tell({ is: 'written', ids, version: 0 })
}

async function goOn(): Promise<never> {
  for (;;) await live()
}

console.log('It has begun.')
for (let one = 0; one < 8; one++) void goOn()
