import type { Json } from '@sluice/core'
import { type MaybePromise } from '@sluice/core/extend'
import { onTestFinished } from 'vitest'

import type { DocumentStore, DocumentWrite, StoredDocument } from '../../../src/index.ts'

/** A store as the suite uses it. */
export interface OpenedDocuments {
  readonly store: DocumentStore
  /** Lets so much time pass for the store: virtual time, or at least so much of the time there is. */
  passMs(ms: number): Promise<void>
  /** Another one on the same documents, at the same time: as another process has it. */
  readonly second?: (() => MaybePromise<DocumentStore>) | undefined
  /** The same documents after the store was closed: what is there after a restart. */
  readonly reopen?: (() => MaybePromise<DocumentStore>) | undefined
  /** Called when the test is over. Stores that the suite was given are closed by then. */
  readonly close?: (() => MaybePromise<unknown>) | undefined
}

/** How a store is tested. */
export interface DocumentStoreDriver {
  /** Gives a store in which there is nothing. */
  open(): MaybePromise<OpenedDocuments>
  /** Whether its time moves only when it is told to: times are exact then. */
  readonly time: 'virtual' | 'real'
  /** Whether documents outlive the store: it gives `reopen` then. */
  readonly survives: boolean
  /** How often a property runs. Default: as often as others do. */
  readonly runs?: number | undefined
}

/** Soon over, whatever the time is. */
export const SHORT_MS = 40
/** Not over as long as a test takes. */
export const LONG_MS = 600_000

/** Opens a store for the test that calls this. */
export async function openFor(driver: DocumentStoreDriver): Promise<OpenedDocuments> {
  const opened = await driver.open()
  const stores = new Set([opened.store])
  const known = async (open: () => MaybePromise<DocumentStore>): Promise<DocumentStore> => {
    const store = await open()
    stores.add(store)
    return store
  }
  onTestFinished(async () => {
    for (const store of stores) await store.close()
    await opened.close?.()
  })
  const { store, second, reopen, passMs } = opened
  return {
    store,
    passMs: (ms) => passMs(ms),
    ...(second && { second: () => known(second) }),
    ...(reopen && { reopen: () => known(reopen) }),
  }
}

/** What a document of these tests says of itself, beside its id. */
export interface Wanted {
  readonly kind?: string
  readonly scope?: string
  readonly state?: string
  readonly priority?: number
  readonly value?: Json
  readonly after?: number
  readonly dueInMs?: number | undefined
  readonly forgetInMs?: number | undefined
}

/** A write of a document: of kind `job`, new, queued and due now, where nothing else is said. */
export function writeOf(id: string, wanted: Wanted = {}): DocumentWrite {
  const { kind = 'job', scope = 's', state = 'queued', priority, value = { id }, after = 0, forgetInMs } = wanted
  const dueInMs = 'dueInMs' in wanted ? wanted.dueInMs : 0
  return {
    kind,
    id,
    after,
    value,
    place: { scope, state, ...(priority !== undefined && { priority }) },
    dueInMs,
    forgetInMs,
  }
}

/** Writes these, one after the other; all must be taken. */
export async function fill(store: DocumentStore, ...writes: readonly DocumentWrite[]): Promise<void> {
  for (const write of writes) {
    const { is } = await store.write([write])
    if (is !== 'ok') throw new Error(`${write.id} was to be written, and the store says: ${is}`)
  }
}

/** The ids of documents, in their order. */
export function idsOf(documents: readonly StoredDocument[]): string[] {
  return documents.map(({ id }) => id)
}

/** What is claimed in these tests where nothing else is said. */
export const CLAIM = { kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 100 } as const
