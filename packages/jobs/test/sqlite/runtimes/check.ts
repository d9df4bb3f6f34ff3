import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isSluiceError } from '@sluice/core'

import { sqliteQueue } from '../../../src/sqlite.ts'

/** What a queue in a directory does on this runtime. */
export async function check(): Promise<unknown> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-runtime-'))
  const directory = join(root, 'data')
  try {
    const before = sqliteQueue(directory)
    const place = { scope: '\0ü 😀', state: 'queued', priority: 1 }
    const value = { text: 'ü 😀 \ud83d 日本' }
    const written = await before.documents.write([{ kind: 'job', id: 'a', after: 0, value, place, dueInMs: 0 }])
    let second: unknown
    try {
      sqliteQueue(directory)
    } catch (error) {
      second = isSluiceError(error) && error.code
    }
    await before.close()
    const queue = sqliteQueue(directory)
    const worker = await new Promise<string>((resolve) => {
      const options = { concurrency: 1, perOwner: 1, leaseMs: 8_000, checkMs: 4_000, onError: () => {} }
      queue.work({ ...options, run: async ({ id }) => resolve(id) })
      // A queue alone is no reason for a process to go on.
      setTimeout(() => resolve('nobody'), 5_000)
    })
    const found = await queue.documents.read({ kind: 'job', id: 'a' })
    const claimed = { scope: found?.scope, state: found?.state, lease: found?.lease, value: found?.value }
    await queue.close()
    return { written, second, worker, claimed }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
