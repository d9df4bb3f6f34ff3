import type { ClosedCode } from './codes.ts'
import type { Json } from './json.ts'

/** First thing a reader is told: which stream this is and where its reading begins. Not logged, has no seq. */
export interface Opened {
  type: 'opened'
  id: string
  /** Where this reading begins: everything up to here is taken as known. */
  cursor: string
  meta: { readonly [name: string]: Json | undefined }
}

/** This reading is over, the stream perhaps not: attach again with `cursor`, where there is one. */
export interface Closed {
  type: 'closed'
  code: ClosedCode
  cursor?: string | undefined
}

/** How a reading came to its end: with the stream's own, as a poll that was answered, by detaching, or closed with a code. */
export type ReadingOutcome = 'end' | 'answered' | 'detached' | ClosedCode
