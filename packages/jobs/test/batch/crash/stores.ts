import { join } from 'node:path'

import { Redis } from 'ioredis'

import { directoryFiles, type FileStore, redisFiles } from '../../../src/batch.ts'
import { redisDocuments } from '../../../src/bullmq.ts'
import type { DocumentStore } from '../../../src/index.ts'
import { sqliteDocuments } from '../../../src/sqlite.ts'

/** Where batches are: a directory, or a Redis by its URL. */
export interface OpenStores {
  readonly documents: DocumentStore
  readonly files: FileStore
  close(): Promise<void>
}

export function openStores(place: string): OpenStores {
  if (!place.startsWith('redis:')) {
    const documents = sqliteDocuments({ directory: place })
    const files = directoryFiles({ directory: join(place, 'files') })
    return { documents, files, close: async () => void (await Promise.all([documents.close(), files.close()])) }
  }
  const documents = redisDocuments({ url: place })
  const client = new Redis(place, { maxRetriesPerRequest: null })
  return {
    documents,
    files: redisFiles({ client }),
    close: async () => {
      await documents.close()
      client.disconnect()
    },
  }
}
