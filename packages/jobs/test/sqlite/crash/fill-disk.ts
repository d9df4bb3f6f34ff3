import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { isSluiceError } from '@sluice/core'

import type { StoredDocument } from '../../../src/index.ts'
import { sqliteDocuments } from '../../../src/sqlite.ts'

/** Documents on a disk that is full soon, and has room again later; says what they have come to. */
const [directory = ''] = process.argv.slice(2)
const warnings: string[] = []
const open = (): ReturnType<typeof sqliteDocuments> =>
  sqliteDocuments({ directory, onWarning: (message) => warnings.push(message) })
const store = open()
const place = { scope: 's', state: 'queued' }
const value = 'a line that takes some room on the disk'.repeat(100)
const name = (index: number): string => `d${index}`

// What somebody else puts there.
const filler = join(directory, 'filler')
for (let size = 500 * 1024; size > 0; size -= 4096) {
  try {
    writeFileSync(filler, Buffer.alloc(size))
    break
  } catch {
    // A little less, then.
  }
}

const written: string[] = []
let refused: { code: string; status: number; message: string } | undefined
for (let index = 0; !refused && index < 1_000; index++) {
  const pair = [name(2 * index), name(2 * index + 1)]
  try {
    await store.write(pair.map((id) => ({ kind: 'job', id, after: 0, value, place, dueInMs: 0 })))
    written.push(...pair)
  } catch (error) {
    if (!isSluiceError(error)) throw error
    refused = { code: error.code, status: error.status, message: error.message }
  }
}
const there = async (from: typeof store): Promise<boolean[]> => {
  const documents: (StoredDocument | undefined)[] = []
  for (let index = 0; index < written.length + 2; index++)
    documents.push(await from.read({ kind: 'job', id: name(index) }))
  return documents.map((document) => document?.value === value)
}
const whenFull = await there(store)
const countWhenFull = await store.count('job', { state: 'queued' })

rmSync(filler)
let later: string | undefined
for (let attempt = 0; later === undefined && attempt < 500; attempt++) {
  try {
    const { is } = await store.write([{ kind: 'job', id: 'later', after: 0, value, place }])
    later = is
  } catch {
    await new Promise((resolve) => void setTimeout(resolve, 10))
  }
}
await store.close()
const again = open()
console.log(
  JSON.stringify({
    written: written.length,
    refused,
    countWhenFull,
    whenFull,
    later,
    afterwards: await there(again),
    latest: (await again.read({ kind: 'job', id: 'later' }))?.value === value,
  }),
)
await again.close()
