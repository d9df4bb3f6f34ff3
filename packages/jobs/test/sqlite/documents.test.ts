import { createVirtualRuntime } from '@sluice/testing'
import { vi } from 'vitest'

import { resolveSqliteDocumentsOptions } from '../../src/sqlite/options.ts'
import { SqliteDocuments } from '../../src/sqlite/sqlite-documents.ts'
import { documentStoreSuite } from '../documents/suite/document-store-suite.ts'
import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { instantDisk } from '../../../sqlite/test/rig/instant-disk.ts'

const newDirectory = newDirectories()
const BORN_MS = Date.now()

documentStoreSuite('sqlite', {
  open() {
    const runtime = createVirtualRuntime()
    const directory = newDirectory()
    // Virtual time goes on where it was, too, when a file is opened again.
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => BORN_MS + runtime.now())
    const options = resolveSqliteDocumentsOptions('documents', directory)
    const open = (): SqliteDocuments => new SqliteDocuments(options, { runtime, openDisk: instantDisk })
    return { store: open(), reopen: open, passMs: (ms) => runtime.advance(ms), close: () => clock.mockRestore() }
  },
  time: 'virtual',
  survives: true,
  runs: 100,
})
