import type { Runtime } from '@sluice/core'

import type { DocumentStore } from './documents/document-store.ts'
import { DocumentsQueue } from './queue/documents-queue.ts'
import type { JobQueue } from './queue/job-queue.ts'
import { resolveSqliteDocumentsOptions, type SqliteDocumentsOptions } from './sqlite/options.ts'
import { SqliteDocuments } from './sqlite/sqlite-documents.ts'

export { DEFAULT_SQLITE_DOCUMENTS_OPTIONS, type SqliteDocumentsOptions } from './sqlite/options.ts'

/**
 * Keeps jobs in one file, in a directory that one process has at a time, and brings them to workers of that process. They outlive it:
 * what was submitted is on the disk by the time that its caller hears so. Node 22.13 or newer, Bun or Deno.
 *
 * The directory may be that of `sqliteStore`: each has its own file in it.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_RUNTIME`, `SLUICE_ERR_STORE_LOCKED`, `SLUICE_ERR_STORE`
 * @example
 * ```ts
 * const queue = sqliteQueue({ directory: './data' })
 * ```
 */
export function sqliteQueue(options: string | SqliteDocumentsOptions | undefined, runtime?: Runtime): JobQueue {
  const resolved = resolveSqliteDocumentsOptions('sqliteQueue', options)
  return new DocumentsQueue(new SqliteDocuments(resolved, { runtime }), runtime)
}

/**
 * Keeps documents in one file, as `sqliteQueue` does, without a queue of jobs: for webhooks and batches whose jobs are elsewhere.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_RUNTIME`, `SLUICE_ERR_STORE_LOCKED`, `SLUICE_ERR_STORE`
 * @example
 * ```ts
 * const documents = sqliteDocuments({ directory: './data' })
 * ```
 */
export function sqliteDocuments(
  options: string | SqliteDocumentsOptions | undefined,
  runtime?: Runtime,
): DocumentStore {
  return new SqliteDocuments(resolveSqliteDocumentsOptions('sqliteDocuments', options), { runtime })
}
