import { type Database, PAGE_BYTES, usedBytes } from '@sluice/sqlite/extend'

import { areNew, documentsFull } from '../documents/document-rules.ts'
import type { DocumentBound, DocumentWrite, Written } from '../documents/document-store.ts'
import type { DocumentTable } from './document-table.ts'

/** Documents that are over, and that a call removes on its way. */
export const FORGOTTEN_AT_ONCE = 8
/** Pages that a change of one document touches, about, beside those of its value. */
export const PAGES = 8

/** What documents are written with. */
export interface WriteContext {
  readonly database: Database
  readonly documents: DocumentTable
  readonly nowMs: number
  readonly maxFileBytes: number
}

/** What is to be written. */
export interface Writing {
  readonly writes: readonly DocumentWrite[]
  /** What each one says, as JSON. */
  readonly texts: readonly (string | undefined)[]
  readonly bounds: readonly DocumentBound[]
}

/** Thrown within a transaction: nothing of it is done, and this is the answer. */
class NotWritten extends Error {
  readonly answer: Written

  constructor(answer: Written) {
    super(answer.is)
    this.answer = answer
  }
}

/** Does all of the writes, or none; gives the answer, and how many pages that has taken, about. */
export function writeAll(
  context: WriteContext,
  writing: Writing,
): { readonly answer: Written; readonly pages: number } {
  try {
    const bytes = context.database.transaction(() => writeEach(context, writing))
    return { answer: { is: 'ok' }, pages: PAGES * writing.writes.length + Math.ceil(bytes / PAGE_BYTES) }
  } catch (error) {
    if (error instanceof NotWritten) return { answer: error.answer, pages: 0 }
    throw error
  }
}

function writeEach(
  { database, documents, nowMs, maxFileBytes }: WriteContext,
  { writes, texts, bounds }: Writing,
): number {
  documents.forget(nowMs, FORGOTTEN_AT_ONCE)
  const found = writes.map((write) => documents.head(write, nowMs))
  if (writes.some(({ after }, index) => (found[index]?.version ?? 0) !== after))
    throw new NotWritten({ is: 'conflict' })
  let bytes = 0
  for (const [index, write] of writes.entries()) bytes += documents.write(write, texts[index], found[index], nowMs)
  const bound = bounds.find(
    ({ kind, state, scope, atMost }) => documents.counts.count(kind, state, scope, nowMs) > atMost,
  )
  if (bound) throw new NotWritten({ is: 'full', bound })
  if (areNew(writes) && usedBytes(database) > maxFileBytes) throw documentsFull('maxFileBytes', maxFileBytes)
  return bytes
}
