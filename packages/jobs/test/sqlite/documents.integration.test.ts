import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { sqliteDocuments } from '../../src/sqlite.ts'
import { documentStoreSuite } from '../documents/suite/document-store-suite.ts'

const newDirectory = newDirectories()
const passMs = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms + 1))

/** With the disk there is, and in its time. */
documentStoreSuite('sqlite on a disk', {
  open() {
    const directory = newDirectory()
    const open = (): ReturnType<typeof sqliteDocuments> => sqliteDocuments({ directory })
    return { store: open(), reopen: open, passMs }
  },
  time: 'real',
  survives: true,
  runs: 20,
})
