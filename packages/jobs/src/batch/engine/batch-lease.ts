import type { DocumentStore, StoredDocument } from '../../documents/document-store.ts'
import { type OwnerUsage, writeCounted } from '../files/owner-usage.ts'
import { scopeOf } from '../../documents/scope.ts'
import type { DocumentWrite } from '../../documents/document-store.ts'
import { isBatchOver } from '../state/batch-machine.ts'
import { BATCH_KIND, batchOf, type KnownBatch, placeOf, RUNNING, valueOf } from '../state/batch-record.ts'
import { Superseded } from '../state/superseded.ts'

/** What is written together with a batch. */
export interface WrittenWith {
  /** Default {@link RUNNING}. */
  readonly state?: string | undefined
  /** When others may take it. Default: once the lease is over. */
  readonly dueInMs?: number | undefined
  /** When it is forgotten. Default: never. */
  readonly forgetInMs?: number | undefined
  readonly writes?: readonly DocumentWrite[] | undefined
  /** What its owner has more of then. */
  readonly more?: Partial<OwnerUsage> | undefined
  readonly limits?: OwnerUsage | undefined
}

/** A batch that this process alone works at, and what is known of it. */
export class BatchLease {
  readonly #documents: DocumentStore
  readonly #lease: number
  readonly #leaseMs: number
  #batch: KnownBatch
  #turn: Promise<unknown> = Promise.resolve()

  constructor(documents: DocumentStore, claimed: StoredDocument, leaseMs: number) {
    this.#documents = documents
    this.#lease = claimed.lease
    this.#leaseMs = leaseMs
    this.#batch = batchOf(claimed)
  }

  /** As it was read, or written, last. */
  get batch(): KnownBatch {
    return this.#batch
  }

  /**
   * Writes down what `step` makes of the batch, whoever writes to it meanwhile. False: nothing was written, as `step` gave the same object.
   *
   * @throws Superseded where somebody else has it by now
   */
  change(
    step: (batch: KnownBatch) => KnownBatch,
    written: (batch: KnownBatch) => WrittenWith = () => ({}),
  ): Promise<boolean> {
    return this.#inTurn(async () => {
      for (;;) {
        const next = step(this.#batch)
        if (next === this.#batch) return false
        if (await this.#write(next, written(next))) return true
        await this.#read()
      }
    })
  }

  /** Reads what others have written. True: there was something. @throws Superseded */
  refresh(): Promise<boolean> {
    return this.#inTurn(async () => {
      const { version } = this.#batch
      await this.#read()
      return this.#batch.version !== version
    })
  }

  /** The lease goes on. @throws Superseded */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      const name = { kind: BATCH_KIND, id: this.#batch.id }
      while (!(await this.#documents.renew(name, this.#lease, this.#leaseMs))) {
        await this.#read()
        // Nobody has claimed it: somebody has written to it, with a time of their own.
        if (await this.#write(this.#batch, {})) return
      }
    })
  }

  async #write(batch: KnownBatch, written: WrittenWith): Promise<boolean> {
    const { id, version } = this.#batch
    const { state = RUNNING, dueInMs = this.#leaseMs, forgetInMs, writes = [], more, limits } = written
    const write: DocumentWrite = {
      kind: BATCH_KIND,
      id,
      after: version,
      value: valueOf(batch),
      place: placeOf(batch, state),
      ...(!isBatchOver(batch.state) && { dueInMs }),
      ...(forgetInMs !== undefined && { forgetInMs }),
    }
    const all = [write, ...writes]
    const isWritten = more
      ? await writeCounted(this.#documents, { scope: scopeOf(batch.owner), writes: all, more, limits })
      : (await this.#documents.write(all)).is === 'ok'
    if (isWritten) this.#batch = { ...batch, version: version + 1 }
    return isWritten
  }

  async #read(): Promise<void> {
    const found = await this.#documents.read({ kind: BATCH_KIND, id: this.#batch.id })
    if (found?.lease !== this.#lease) throw new Superseded('Somebody else works at the batch by now, or it is gone.')
    this.#batch = batchOf(found)
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => {})
    return done
  }
}
