import type { Principal, Runtime } from '@sluice/core'

import type { DocumentStore } from '../../documents/document-store.ts'
import type { RunLine } from '../asking/ask-line.ts'
import type { FileStore } from '../files/file-store.ts'
import type { BatchDialect, BatchRecord } from '../state/batch-record.ts'
import type { BatchLimits, BatchWorkOptions } from '../state/options.ts'
import type { Pressure } from './batch-engine.ts'

/** What batches are made of. */
export interface BatchesOptions {
  /** Where it is kept what becomes of them. */
  readonly documents: DocumentStore
  /** Where requests and answers are. */
  readonly files: FileStore
  /** Asks the backend for one line. */
  readonly run: RunLine
  readonly limits?: BatchLimits | undefined
  /** How they are worked off; `false`: not by this process. */
  readonly work?: BatchWorkOptions | false | undefined
  /** Says how those are doing who wait at the other end: batches stand back for them. Default: nobody waits. */
  readonly pressure?: (() => Pressure) | undefined
  /**
   * How long files and results are kept whose owner says nothing, in milliseconds.
   *
   * @defaultValue 2,592,000,000 (30 days)
   */
  readonly keepMs?: number | undefined
  /** Time. Default: that of the system. */
  readonly runtime?: Runtime | undefined
  /** Where chance comes from: numbers from 0 to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
  /** Is told what an operator should know. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** What a batch is asked to be. */
export interface NewBatch {
  readonly dialect: BatchDialect
  readonly owner: Principal
  readonly endpoint: string
  readonly input: BatchRecord['input']
  readonly completionWindow: string
  readonly windowMs: number
  readonly metadata: BatchRecord['metadata']
  readonly keepMs: number
  /** The lines of an input that was looked at while it came. */
  readonly total?: number | undefined
}

/** Whose batches. */
export interface BatchOwner {
  readonly dialect: BatchDialect
  readonly owner: Principal
}
