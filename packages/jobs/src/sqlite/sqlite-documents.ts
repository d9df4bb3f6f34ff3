import { createSystemRuntime, type Runtime } from '@sluice/core'
import { Scheduler, WallClock } from '@sluice/core/extend'
import {
  asStoreError,
  Checkpoints,
  type Disk,
  isFull,
  type OpenFile,
  openFile,
  storeError,
} from '@sluice/sqlite/extend'

import {
  areNew,
  documentsClosed,
  requireClaim,
  requireKind,
  requireLeaseMs,
  requireList,
  requireName,
  requireState,
  requireWrites,
} from '../documents/document-rules.ts'
import type {
  ClaimOptions,
  DocumentBound,
  DocumentName,
  DocumentStore,
  DocumentWrite,
  ListOptions,
  StoredDocument,
  Written,
} from '../documents/document-store.ts'
import { DocumentWatchers } from '../documents/document-watchers.ts'
import { claimable } from './claimable.ts'
import { DocumentTable } from './document-table.ts'
import { DOCUMENTS_FILE } from './documents-file.ts'
import { DocumentsUpkeep } from './documents-upkeep.ts'
import type { ResolvedSqliteDocumentsOptions } from './options.ts'
import { FORGOTTEN_AT_ONCE, PAGES, writeAll } from './write-all.ts'

/** What a store is made of in tests. */
export interface SqliteDocumentsParts {
  readonly runtime?: Runtime | undefined
  readonly openDisk?: ((file: string) => Disk) | undefined
}

/** Documents in one file of SQLite. */
export class SqliteDocuments implements DocumentStore {
  readonly name = 'sqlite'
  readonly shared = false
  readonly #options: ResolvedSqliteDocumentsOptions
  readonly #file: OpenFile
  readonly #clock: WallClock
  readonly #checkpoints: Checkpoints
  readonly #documents: DocumentTable
  readonly #watchers: DocumentWatchers
  readonly #upkeep: DocumentsUpkeep
  #closed: Promise<void> | undefined

  constructor(options: ResolvedSqliteDocumentsOptions, { runtime, openDisk }: SqliteDocumentsParts = {}) {
    this.#options = options
    const scheduler = new Scheduler(runtime ?? createSystemRuntime(), false)
    this.#file = openFile({ ...options, kind: DOCUMENTS_FILE, openDisk })
    const { database, disk } = this.#file
    try {
      const { onWarning: warn } = options
      this.#clock = new WallClock(scheduler)
      this.#checkpoints = new Checkpoints(database, disk, warn, DOCUMENTS_FILE.name)
      this.#documents = new DocumentTable(database)
      this.#watchers = new DocumentWatchers(scheduler)
      const [documents, checkpoints, clock] = [this.#documents, this.#checkpoints, this.#clock]
      this.#upkeep = new DocumentsUpkeep({ database, documents, checkpoints, scheduler, clock, warn })
    } catch (error) {
      this.#file.close()
      throw asStoreError(error, DOCUMENTS_FILE.name)
    }
  }

  read(name: DocumentName): StoredDocument | undefined {
    requireName(name)
    return this.#ask((nowMs) => this.#documents.read(name, nowMs))
  }

  async write(writes: readonly DocumentWrite[], bounds: readonly DocumentBound[] = []): Promise<Written> {
    requireWrites(writes, bounds)
    const texts = writes.map(({ value }) => (value === undefined ? undefined : JSON.stringify(value)))
    const { maxFileBytes } = this.#options
    const { database } = this.#file
    const documents = this.#documents
    const written = await this.#change(areNew(writes), (nowMs) => {
      const { answer, pages } = writeAll({ database, documents, nowMs, maxFileBytes }, { writes, texts, bounds })
      this.#checkpoints.wrote(pages)
      this.#upkeep.plan()
      return answer
    })
    if (written.is !== 'ok' || writes.length === 0) return written
    if (!(await this.#checkpoints.confirmed()))
      throw storeError('the disk has not confirmed it', undefined, 'documents')
    for (const { kind, id } of writes) this.#watchers.changed(kind, id)
    return written
  }

  list(options: ListOptions): { readonly documents: readonly StoredDocument[]; readonly more: boolean } {
    requireList(options)
    return this.#ask((nowMs) => this.#documents.list(options, nowMs))
  }

  count(kind: string, { scope, state }: { readonly scope?: string | undefined; readonly state: string }): number {
    requireKind(kind)
    requireState(state)
    return this.#ask((nowMs) => this.#documents.counts.count(kind, state, scope, nowMs))
  }

  /** The lease need not be on the disk: after a power cut nobody has it. */
  async claim(options: ClaimOptions): Promise<readonly StoredDocument[]> {
    requireClaim(options)
    const { to, leaseMs } = options
    const { database } = this.#file
    const documents = this.#documents
    return this.#change(false, (nowMs) => {
      // What is over takes nobody's place.
      if (documents.nextForgottenMs() <= nowMs) database.transaction(() => documents.forget(nowMs, FORGOTTEN_AT_ONCE))
      const taken = claimable({ database, documents, nowMs }, options)
      if (taken.length === 0) return []
      return database.transaction(() => {
        for (const head of taken) documents.lease(head, to, nowMs + leaseMs)
        this.#checkpoints.wrote(PAGES * taken.length)
        return taken.map(({ number }) => documents.byNumber(number))
      })
    })
  }

  async renew(name: DocumentName, lease: number, leaseMs: number): Promise<boolean> {
    requireName(name)
    requireLeaseMs(leaseMs)
    return this.#change(false, (nowMs) => {
      const head = this.#documents.head(name, nowMs)
      if (!head?.held || head.lease !== lease) return false
      this.#file.database.transaction(() => this.#documents.setDue(head, nowMs + leaseMs))
      this.#checkpoints.wrote(2)
      return true
    })
  }

  nextDueInMs(kind: string, states: readonly string[]): number | undefined {
    requireKind(kind)
    states.forEach(requireState)
    return this.#ask((nowMs) => {
      const atMs = Math.min(...states.map((state) => this.#documents.nextDueMs(kind, state, nowMs)))
      return atMs === Infinity ? undefined : Math.max(0, atMs - nowMs)
    })
  }

  watch(kind: string, listener: (id: string) => void): () => void {
    requireKind(kind)
    this.#requireOpen()
    return this.#watchers.add(kind, listener)
  }

  /** What is under way is done first. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#watchers.clear()
    this.#upkeep.stop()
    await this.#checkpoints.settled()
    this.#file.close()
  }

  /** Looks at what there is. */
  #ask<Value>(act: (nowMs: number) => Value): Value {
    this.#requireOpen()
    try {
      return act(this.#clock.now())
    } catch (error) {
      throw asStoreError(error, DOCUMENTS_FILE.name)
    }
  }

  /** Changes what there is, as soon as that may be done. What is there must be able to end, though the file is as large as it may be. */
  #change<Value>(areNew: boolean, act: (nowMs: number) => Value): Value | Promise<Value> {
    this.#requireOpen()
    const { database } = this.#file
    return this.#checkpoints.whenFree(() =>
      this.#ask((nowMs) => {
        try {
          return act(nowMs)
        } catch (error) {
          if (!isFull(error)) throw error
          // What the log takes is free once it is moved.
          this.#checkpoints.wrote(Infinity)
          if (areNew) throw error
          return database.withReserve(() => act(nowMs))
        }
      }),
    ) as Value | Promise<Value>
  }

  #requireOpen(): void {
    if (this.#closed) throw documentsClosed(this.name)
  }
}
