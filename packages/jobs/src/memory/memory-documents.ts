import { createSystemRuntime, type Runtime } from '@sluice/core'
import { Deadline, type Due, Scheduler, WallClock } from '@sluice/core/extend'

import {
  areNew,
  documentsClosed,
  documentsFull,
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
import { HeldDocuments } from './held-documents.ts'
import { storedDocument } from './memory-document.ts'

/** What {@link MemoryDocuments} is made of. */
export interface MemoryDocumentsParts {
  /** Bytes that all documents may take. */
  readonly maxBytes: number
  readonly runtime?: Runtime | undefined
}

/** Documents in this process's memory. */
export class MemoryDocuments implements DocumentStore, Due {
  readonly name = 'memory'
  readonly shared = false
  readonly #maxBytes: number
  readonly #scheduler: Scheduler
  readonly #clock: WallClock
  readonly #held: HeldDocuments = new HeldDocuments()
  readonly #watchers: DocumentWatchers
  readonly #deadline: Deadline = new Deadline(this)
  #isClosed = false

  constructor({ maxBytes, runtime = createSystemRuntime() }: MemoryDocumentsParts) {
    this.#maxBytes = maxBytes
    this.#scheduler = new Scheduler(runtime, false)
    this.#clock = new WallClock(this.#scheduler)
    this.#watchers = new DocumentWatchers(this.#scheduler)
  }

  /** Bytes that all documents take, about. */
  get bytes(): number {
    return this.#held.bytes
  }

  read(name: DocumentName): StoredDocument | undefined {
    requireName(name)
    this.#begin()
    const document = this.#held.get(name)
    return document && storedDocument(document)
  }

  write(writes: readonly DocumentWrite[], bounds: readonly DocumentBound[] = []): Written {
    requireWrites(writes, bounds)
    const nowMs = this.#begin()
    if (writes.some((write) => (this.#held.get(write)?.version ?? 0) !== write.after)) return { is: 'conflict' }
    const bound = bounds.find((each) => this.#countAfter(writes, each) > each.atMost)
    if (bound) return { is: 'full', bound }
    if (areNew(writes) && this.#held.bytes > this.#maxBytes) throw documentsFull('maxBytes', this.#maxBytes)
    // What cannot be said as JSON is found before anything is changed.
    const texts = writes.map(({ value }) => (value === undefined ? undefined : JSON.stringify(value)))
    for (const [index, write] of writes.entries()) {
      this.#writeOne(write, texts[index], nowMs)
      this.#watchers.changed(write.kind, write.id)
    }
    this.#plan()
    return { is: 'ok' }
  }

  list(options: ListOptions): { readonly documents: readonly StoredDocument[]; readonly more: boolean } {
    requireList(options)
    this.#begin()
    const { kind, scope, state, after, limit } = options
    const last = after === undefined ? undefined : this.#held.get({ kind, id: after })
    const documents: StoredDocument[] = []
    for (const document of this.#held.of(kind).after(scope, last?.scope === scope ? last : undefined)) {
      if (state !== undefined && document.state !== state) continue
      if (documents.length === limit) return { documents, more: true }
      documents.push(storedDocument(document))
    }
    return { documents, more: false }
  }

  count(kind: string, { scope, state }: { readonly scope?: string | undefined; readonly state: string }): number {
    requireKind(kind)
    requireState(state)
    this.#begin()
    return this.#held.of(kind).count(state, scope)
  }

  claim(options: ClaimOptions): readonly StoredDocument[] {
    requireClaim(options)
    const nowMs = this.#begin()
    const { to, leaseMs } = options
    const taken = claimable(this.#held, options, nowMs)
    for (const document of taken) {
      this.#held.change(document, () => {
        document.state = to
        document.lease++
        document.held = true
        document.dueAtMs = nowMs + leaseMs
      })
    }
    return taken.map(storedDocument)
  }

  renew(name: DocumentName, lease: number, leaseMs: number): boolean {
    requireName(name)
    requireLeaseMs(leaseMs)
    const nowMs = this.#begin()
    const document = this.#held.get(name)
    if (!document?.held || document.lease !== lease) return false
    this.#held.change(document, () => (document.dueAtMs = nowMs + leaseMs))
    return true
  }

  nextDueInMs(kind: string, states: readonly string[]): number | undefined {
    requireKind(kind)
    states.forEach(requireState)
    const nowMs = this.#begin()
    const lists = this.#held.of(kind)
    const atMs = Math.min(...states.map((state) => lists.nextDueMs(state)))
    return atMs === Infinity ? undefined : Math.max(0, atMs - nowMs)
  }

  watch(kind: string, listener: (id: string) => void): () => void {
    requireKind(kind)
    if (this.#isClosed) throw documentsClosed(this.name)
    return this.#watchers.add(kind, listener)
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#watchers.clear()
    this.#scheduler.cancel(this.#deadline)
    return Promise.resolve()
  }

  /** The time of some have come to be forgotten. */
  due(): void {
    this.#held.forget(this.#clock.now())
    this.#plan()
  }

  /** Every call begins so; gives the time it is. */
  #begin(): number {
    if (this.#isClosed) throw documentsClosed(this.name)
    const nowMs = this.#clock.now()
    this.#held.forget(nowMs)
    return nowMs
  }

  #plan(): void {
    this.#scheduler.schedule(this.#deadline, this.#clock.onScheduler(this.#held.nextForgottenMs))
  }

  #countAfter(writes: readonly DocumentWrite[], { kind, scope, state }: DocumentBound): number {
    const isCounted = (place: { scope: string; state: string } | undefined): boolean =>
      place?.state === state && (scope === undefined || place.scope === scope)
    let count = this.#held.of(kind).count(state, scope)
    for (const write of writes) {
      if (write.kind !== kind) continue
      if (isCounted(this.#held.get(write))) count--
      if (write.value !== undefined && isCounted(write.place)) count++
    }
    return count
  }

  #writeOne({ kind, id, place, dueInMs, forgetInMs }: DocumentWrite, text: string | undefined, nowMs: number): void {
    const found = this.#held.get({ kind, id })
    if (text === undefined || !place) {
      if (found) this.#held.delete(found)
      return
    }
    const { scope, state, priority = 0 } = place
    const says = {
      scope,
      state,
      priority,
      text,
      dueAtMs: dueInMs === undefined ? Infinity : nowMs + dueInMs,
      forgetAtMs: forgetInMs === undefined ? Infinity : nowMs + forgetInMs,
    }
    if (!found) {
      const createdAtMs = Math.floor(nowMs)
      this.#held.add({ kind, id, createdAtMs, version: 1, lease: 0, held: false, ...says })
      return
    }
    const held = found.held && found.state === state && dueInMs !== undefined
    this.#held.change(found, () => Object.assign(found, says, { held, version: found.version + 1 }))
  }
}
