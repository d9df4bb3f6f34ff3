import { randomUUID } from 'node:crypto'

import type { Json, Principal } from '@sluice/core'

import { scopeOf } from '../../documents/scope.ts'
import type { DocumentPlace, StoredDocument } from '../../documents/document-store.ts'
import { type BatchState, isBatchOver } from './batch-machine.ts'
import type { RateLogState } from '../rate/rate-log.ts'
import type { Checkpoint } from './checkpoint.ts'

/** In whose words a batch was made, and is told of. */
export type BatchDialect = 'openai' | 'anthropic'

/** Where the requests of a batch are. */
export interface BatchSource {
  /** The file, in the store of files. */
  readonly name: string
  /** The id of the file, as its owner knows it. */
  readonly fileId: string
  readonly bytes: number
}

/** A batch as it is kept. */
export interface BatchRecord {
  readonly dialect: BatchDialect
  /** In whose name its requests are asked. */
  readonly owner: Pick<Principal, 'owner' | 'tenant'>
  readonly endpoint: string
  readonly input: BatchSource
  /** As the client said it: `24h`. */
  readonly completionWindow: string
  readonly metadata: { readonly [name: string]: string } | null
  /** How long its results are kept. */
  readonly keepMs: number
  readonly state: BatchState
  /** Left out: no line has begun. */
  readonly checkpoint?: Checkpoint | undefined
  /** When lines were done, until `atMs`: what an estimate is made of. */
  readonly rate?: { readonly log: RateLogState; readonly atMs: number } | undefined
  /** Ids of its results, once it is over; none for what would be empty. */
  readonly outputs?: { readonly output?: string | undefined; readonly errors?: string | undefined } | undefined
}

/** A batch, whoever has its id. */
export interface KnownBatch extends BatchRecord {
  readonly id: string
  readonly version: number
}

/** What documents of batches are called. */
export const BATCH_KIND = 'batch'
/** It waits for somebody to work at it. */
export const WAITING = 'waiting'
export const RUNNING = 'running'
/** As {@link WAITING}, for one whose requests are not asked any more: it waits for no others. */
export const LEAVING = 'leaving'
export const ENDED = 'ended'

const PREFIXES: Readonly<Record<BatchDialect, string>> = { openai: 'batch_', anthropic: 'msgbatch_' }
const ID = /^(?:batch|msgbatch)_[0-9a-f]{32}$/

export function newBatchId(dialect: BatchDialect): string {
  return `${PREFIXES[dialect]}${randomUUID().replaceAll('-', '')}`
}

export function isBatchId(id: string): boolean {
  return ID.test(id)
}

/** Batches of two dialects are listed apart. */
export function batchScope(dialect: BatchDialect, owner: Principal): string {
  return `${dialect}:${scopeOf(owner)}`
}

/** Where a batch is found. */
export function placeOf(record: BatchRecord, state: string = WAITING): DocumentPlace {
  const { phase } = record.state
  const leaves = state === WAITING && (phase === 'cancelling' || phase === 'finalizing')
  const found = isBatchOver(record.state) ? ENDED : leaves ? LEAVING : state
  return { scope: batchScope(record.dialect, record.owner), state: found }
}

export function batchOf({ id, version, value }: StoredDocument): KnownBatch {
  return { ...(value as unknown as BatchRecord), id, version }
}

/** What is written of a batch. */
export function valueOf({ id: _id, version: _version, ...record }: KnownBatch): Json {
  return record as unknown as Json
}

/** A file of a batch, in the store of files. */
export function partOf(id: string, part: 'output' | 'errors' | 'begun' | 'fence'): string {
  return `${id}.${part}`
}

/** The id of a file of results, as its owner knows it. */
export function resultFileId(id: string, part: 'output' | 'errors'): string {
  return `file-${id.slice(id.indexOf('_') + 1)}-${part}`
}
