import { createVirtualRuntime } from '@sluice/testing'

import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { instantDisk } from '../../../sqlite/test/rig/instant-disk.ts'
import { DocumentsQueue } from '../../src/queue/documents-queue.ts'
import { resolveSqliteDocumentsOptions } from '../../src/sqlite/options.ts'
import { SqliteDocuments } from '../../src/sqlite/sqlite-documents.ts'
import { jobQueueSuite } from '../queue/suite/job-queue-suite.ts'

const newDirectory = newDirectories()

jobQueueSuite('sqlite', {
  open() {
    const runtime = createVirtualRuntime()
    const options = resolveSqliteDocumentsOptions('queue', newDirectory())
    const documents = new SqliteDocuments(options, { runtime, openDisk: instantDisk })
    return { queue: new DocumentsQueue(documents, runtime), passMs: (ms) => runtime.advance(ms) }
  },
  time: 'virtual',
  leaseMs: 8_000,
  checkMs: 4_000,
})
