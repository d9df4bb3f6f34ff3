import type { Runtime } from '@sluice/core'

import { MemoryDocuments } from './memory/memory-documents.ts'
import { type MemoryQueueOptions, resolveMemoryQueueOptions } from './memory/memory-queue-options.ts'
import { DocumentsQueue } from './queue/documents-queue.ts'
import type { JobQueue } from './queue/job-queue.ts'

export { DEFAULT_MEMORY_QUEUE_OPTIONS, type MemoryQueueOptions } from './memory/memory-queue-options.ts'

/**
 * Keeps jobs in the memory of this process, and brings them to workers there. They are gone when the process is: for tests, and for
 * work that may be forgotten.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const queue = memoryQueue({ maxBytes: 64 * 1024 * 1024 })
 * ```
 */
export function memoryQueue(options?: MemoryQueueOptions, runtime?: Runtime): JobQueue {
  return new DocumentsQueue(new MemoryDocuments({ ...resolveMemoryQueueOptions(options), runtime }), runtime)
}
