import { Deadline, type Due, type Scheduler } from '@sluice/core/extend'

import type { DocumentName, DocumentStore, StoredDocument } from '../documents/document-store.ts'
import type { ClaimedJob } from './job-queue.ts'

/** How often a lease is renewed in its own time: two answers may be lost. */
const RENEWALS = 3

/** What a job's lease is kept with. */
export interface LeaseParts {
  readonly documents: DocumentStore
  readonly scheduler: Scheduler
  readonly leaseMs: number
  /** When the lease was asked for: it is not over before `leaseMs` from then. */
  readonly leasedAtMs: number
  readonly onError: (error: unknown) => void
  /** Its place is free. */
  readonly released: () => void
}

/** A job that this process has the lease of, and renews it. */
export class LeasedJob implements ClaimedJob, Due {
  readonly id: string
  readonly #name: DocumentName
  readonly #lease: number
  readonly #parts: LeaseParts
  readonly #lost: AbortController = new AbortController()
  readonly #renewal: Deadline = new Deadline(this)
  #leasedAtMs: number
  #isRenewing = false
  #isOver = false

  constructor({ kind, id, lease }: StoredDocument, parts: LeaseParts) {
    this.id = id
    this.#name = { kind, id }
    this.#lease = lease
    this.#parts = parts
    this.#leasedAtMs = parts.leasedAtMs
    this.#plan()
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  release(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.scheduler.cancel(this.#renewal)
    this.#parts.released()
  }

  /** Somebody else may have it. Its place is taken until it is released. */
  lose(): void {
    this.#parts.scheduler.cancel(this.#renewal)
    this.#lost.abort()
  }

  due(): void {
    const { scheduler, leaseMs } = this.#parts
    if (scheduler.now() >= this.#leasedAtMs + leaseMs) return this.lose()
    this.#plan()
    if (!this.#isRenewing) void this.#renew()
  }

  async #renew(): Promise<void> {
    const { documents, scheduler, leaseMs, onError } = this.#parts
    const askedAtMs = scheduler.now()
    this.#isRenewing = true
    try {
      const isOurs = await documents.renew(this.#name, this.#lease, leaseMs)
      if (this.#isOver || this.lost.aborted) return
      if (!isOurs) return this.lose()
      this.#leasedAtMs = askedAtMs
    } catch (error) {
      // It is tried again as long as the lease lasts.
      if (!this.#isOver) onError(error)
    } finally {
      this.#isRenewing = false
    }
  }

  #plan(): void {
    const { scheduler, leaseMs } = this.#parts
    const nextMs = scheduler.now() + leaseMs / RENEWALS
    scheduler.schedule(this.#renewal, Math.min(nextMs, Math.max(scheduler.now(), this.#leasedAtMs + leaseMs)))
  }
}
