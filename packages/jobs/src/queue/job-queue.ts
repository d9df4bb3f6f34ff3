import type { MaybePromise } from '@sluice/core/extend'

import type { DocumentStore } from '../documents/document-store.ts'

/** A job that waits for a worker. */
export interface OfferedJob {
  readonly id: string
  /** How many attempts have begun. */
  readonly attempt: number
  readonly delayMs: number
  readonly priority: number
}

/** A job that this worker alone has, for as long as the lease is renewed. */
export interface ClaimedJob {
  readonly id: string
  /** Aborts when the lease is lost: somebody else may have the job by now. */
  readonly lost: AbortSignal
  /** Nothing more is done for it here: its place is for the next one. */
  release(): void
}

/** How jobs are taken. */
export interface QueueWorkOptions {
  /** How many at a time. */
  readonly concurrency: number
  /** How many of one owner at a time, by all workers together. */
  readonly perOwner: number
  /** How long a worker that says nothing keeps a job. */
  readonly leaseMs: number
  /** How often it is looked for jobs whose worker is gone. */
  readonly checkMs: number
  /** Does a job; settles when it is over here. Never rejects. */
  run(job: ClaimedJob): Promise<void>
  /** Is told what an operator should know. */
  onError(error: unknown): void
}

/** A worker that takes jobs. */
export interface QueueWorker {
  /** Takes no more of them; settles when those it has are over. Idempotent. */
  stop(): Promise<void>
}

/**
 * Where jobs wait: documents decide whose a job is and what becomes of it; the queue brings it to a worker. A queue may bring a job
 * late, or twice: `run` is called for it only with the lease of its document.
 */
export interface JobQueue {
  readonly name: string
  readonly documents: DocumentStore
  /** A job was written down; where it is, a worker may have seen it already. Losing an offer costs time only. */
  offer(job: OfferedJob): MaybePromise<void>
  /** The job waits no more. */
  withdraw(id: string, attempt: number): MaybePromise<void>
  /** Begins to take jobs. */
  work(options: QueueWorkOptions): QueueWorker
  /** Closes its documents, too. Idempotent. */
  close(): Promise<void>
}
