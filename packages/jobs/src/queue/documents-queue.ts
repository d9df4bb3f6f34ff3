import { createSystemRuntime, type Runtime } from '@sluice/core'

import type { DocumentStore } from '../documents/document-store.ts'
import { DocumentsWorker } from './documents-worker.ts'
import type { JobQueue, QueueWorker, QueueWorkOptions } from './job-queue.ts'

/**
 * Jobs that wait as documents of the kind `job` in the state `queued`, and are worked on in the state `running`: the documents are the
 * queue, and a worker is told of them by the store. There is nothing that could be lost beside them.
 */
export class DocumentsQueue implements JobQueue {
  readonly name: string
  readonly documents: DocumentStore
  readonly #runtime: Runtime
  readonly #workers: Set<DocumentsWorker> = new Set()
  #closed: Promise<void> | undefined

  constructor(documents: DocumentStore, runtime: Runtime = createSystemRuntime()) {
    this.name = documents.name
    this.documents = documents
    this.#runtime = runtime
  }

  /** Its document says it all. */
  offer(): void {}

  /** Its document is in another state, or gone. */
  withdraw(): void {}

  work(options: QueueWorkOptions): QueueWorker {
    const worker = new DocumentsWorker(this.documents, options, this.#runtime)
    this.#workers.add(worker)
    return {
      stop: () => worker.stop().finally(() => this.#workers.delete(worker)),
    }
  }

  /** Whoever still has jobs has lost them. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const worker of this.#workers) worker.abandon()
    await this.documents.close()
  }
}
