import type { ClosedCode, EndEvent, SluiceOptions } from '@sluice/core'
import type { RedisStoreOptions } from '@sluice/redis'

import type { Counting } from './faults/rig/counting-source.ts'
import type { Starting } from './faults/rig/instance.ts'

/** How an instance in a process of its own is made; on its command line, as JSON. */
export interface ProducerOptions {
  readonly store: RedisStoreOptions
  readonly sluice?: Pick<SluiceOptions, 'stream' | 'reader'> | undefined
}

/** What it is asked to do. */
export type Request =
  | { do: 'ready' }
  | { do: 'count'; input: Counting; options?: Starting | undefined; named: boolean }
  | { do: 'read'; id: string; after?: string | undefined; from?: number | undefined }
  | { do: 'leave'; reading: number }
  | { do: 'cancel'; id: string }
  /** Blocks its event loop. */
  | { do: 'block'; ms: number }
  /** Lets go of everything; a process that is clean ends by itself then. */
  | { do: 'dispose' }

/** A reading in the other process. */
export interface ReadingReport {
  readonly id: string
  readonly text: string
  readonly cursor: string
  readonly end?: EndEvent | undefined
  readonly closed?: ClosedCode | undefined
}

/** What has happened there so far. */
export interface ProducerReport {
  readonly runs: readonly { id: string; after: number }[]
  readonly aborted: readonly string[]
  readonly settled: readonly { id: string; text: string; end: EndEvent }[]
  readonly readings: readonly ReadingReport[]
}

/** From the test to the process … */
export type ToProducer = { call: number; request: Request }
/** … and back. */
export type FromProducer =
  | { answered: number; value?: unknown; error?: { code: string; message: string } | undefined }
  | { report: ProducerReport }
