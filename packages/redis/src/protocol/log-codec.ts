import type { EndEvent } from '@sluice/core'
import type { Logged } from '@sluice/core/extend'

import { type Chunk, decodeChunk } from './chunk-codec.ts'
import { foreign } from './foreign.ts'
import { foldOf } from './head-codec.ts'
import { listIn, textsIn } from './replies.ts'
import { toStoredJson } from './stored-json.ts'

/** What the record beside a log says of it. */
export interface LogClaims {
  /** Position of the last event. */
  readonly seq: number
  readonly end: EndEvent | undefined
}

const WHAT = 'A log'

/**
 * Reads a run of entries, as `XRANGE` gives them. Each must hold as many events as its id says, after those of the one before,
 * and none that the record beside them knows nothing of. Some may be missing: others cut logs.
 *
 * @throws SluiceError `SLUICE_ERR_STORE`
 */
export function decodeEntries(reply: unknown, { seq, end }: LogClaims): Chunk[] {
  let lastSeq = 0
  let ending: EndEvent | undefined
  const chunks = listIn(reply).map((entry) => {
    const [id, fields] = listIn(entry)
    const chunk = decodeEntry(id, textsIn(fields))
    if (chunk.firstSeq <= lastSeq) throw foreign(WHAT, 'an entry in it begins before the one before it ends')
    if (ending) throw foreign(WHAT, 'something follows its end')
    lastSeq = chunk.firstSeq + chunk.events.length - 1
    const last = chunk.events.at(-1)
    if (typeof last === 'object' && last.type === 'end') ending = last
    return chunk
  })
  if (lastSeq > seq) throw foreign(WHAT, 'it has more than the record of its stream knows of')
  if (ending ? !isSame(ending, end) : end !== undefined && lastSeq === seq) {
    throw foreign(WHAT, 'its end is not that of its stream')
  }
  return chunks
}

function decodeEntry(id: unknown, fields: readonly string[]): Chunk {
  const [name, payload, summary, fold] = fields
  const isSummed = fields.length === 4 && summary === 's'
  if (name !== 'c' || !(fields.length === 2 || isSummed)) throw foreign(WHAT, 'an entry in it has other fields')
  const chunk = decodeChunk(payload!)
  if (isSummed && !folds(chunk).includes(fold)) {
    throw foreign(WHAT, 'an entry in it is summed up as something else')
  }
  const lastSeq = chunk.firstSeq + chunk.events.length - 1
  if (id === `${lastSeq}-0`) return chunk
  throw foreign(WHAT, 'an entry in it has more events or fewer than its id says')
}

/** What may be known of an entry: by this version, and by those that kept nothing of what a provider said of a tool call. */
function folds({ events, firstSeq }: Chunk): readonly (string | undefined)[] {
  return [foldOf(events, firstSeq), foldOf(events.map(withoutExtra), firstSeq)]
}

function withoutExtra(event: Logged): Logged {
  return typeof event === 'string' || event.type !== 'tool' ? event : { ...event, extra: undefined }
}

function isSame(one: EndEvent, other: EndEvent | undefined): boolean {
  return other !== undefined && toStoredJson(one) === toStoredJson(other)
}
