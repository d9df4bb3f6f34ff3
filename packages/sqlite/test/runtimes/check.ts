import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createSluice, isSluiceError } from '@sluice/core'

import { sqliteStore } from '../../src/index.ts'

/** What a directory does on this runtime. */
export async function check(): Promise<unknown> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-runtime-'))
  const directory = join(root, 'data')
  const as = 'server'
  try {
    const store = sqliteStore(directory)
    const sluice = createSluice({ store })
    const stream = await sluice.start(() => ['ü ', '😀 ', '日本'], {
      as,
      key: 'a\0b',
      idempotency: { key: 'i', fingerprint: 'f' },
    })
    await stream.ended
    let second: unknown
    try {
      sqliteStore(directory)
    } catch (error) {
      second = isSluiceError(error) && error.code
    }
    await store.dispose()
    const again = createSluice({ store: sqliteStore(directory) })
    const { text } = await again.transcript({ id: stream.id }, { as })
    const repeated = await again.start(() => [], { as, idempotency: { key: 'i', fingerprint: 'f' } })
    return { text, second, repeated: repeated.id === stream.id }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
