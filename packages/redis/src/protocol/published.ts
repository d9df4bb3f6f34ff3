import { type Chunk, decodeChunk } from './chunk-codec.ts'
import { decodeNotice } from './notice.ts'
import { countIn } from './stored-number.ts'

/** What is published on the channel of a stream. */
export type Published =
  | { is: 'entry'; chunk: Chunk }
  /** Enough replicas have everything up to here. */
  | { is: 'stored'; seq: number }
  /** The oldest event that is kept. */
  | { is: 'first'; seq: number }
  | { is: 'erased' }
  /** Somebody was granted credit, or something that only its producer need know. */
  | { is: 'grant'; reader: string; seq: number }
  | { is: 'other' }

const STORED = 'stored:'
const FIRST = 'first:'

/** Reads a message. @throws SluiceError `SLUICE_ERR_STORE` for what sluice does not publish: anybody may publish anything */
export function decodePublished(message: string): Published {
  if (message === 'erased') return { is: 'erased' }
  if (message.startsWith('[')) return { is: 'entry', chunk: decodeChunk(message) }
  if (message.startsWith(STORED)) {
    return { is: 'stored', seq: countIn(message.slice(STORED.length), 'A notice of what is stored') }
  }
  if (message.startsWith(FIRST)) {
    return { is: 'first', seq: countIn(message.slice(FIRST.length), 'A notice of what is kept') }
  }
  const notice = decodeNotice(message)
  return notice.about === 'grant' ? { is: 'grant', reader: notice.reader, seq: notice.seq } : { is: 'other' }
}
