import type { EndEvent, StreamIdentity, StreamTiming, Usage } from '@sluice/core'
import type { Keeping, StreamFacts, StreamName } from '@sluice/core/extend'

import type { RedisConnection } from '../connection/redis-connection.ts'
import { ownTurn } from './own-turn.ts'
import { storeError } from '../connection/store-error.ts'
import type { Chunk } from '../protocol/chunk-codec.ts'
import { foreign } from '../protocol/foreign.ts'
import { headIn, type StoredHead } from '../protocol/head-codec.ts'
import type { Keys } from '../protocol/keys.ts'
import { decodeEntries } from '../protocol/log-codec.ts'
import { RecordFields } from '../protocol/record-codec.ts'
import { listIn, numberIn, pairsIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { countIn } from '../protocol/stored-number.ts'

/** A stream as the store has it. */
export interface StoredState {
  readonly facts: StreamFacts
  readonly keeping: Keeping
  readonly epoch: number
  /** The process that produces it, or did. */
  readonly instance: string
  readonly seq: number
  /** Oldest event that is kept. */
  readonly firstSeq: number
  readonly end: EndEvent | undefined
  readonly usage: Usage | undefined
  readonly tokens: number
  readonly timing: StreamTiming
  readonly settled: boolean
  /** Up to where enough replicas have it, where the stream's durability asks for them. */
  readonly watermark: number | undefined
  /** How long the producer's lease still lasts, in milliseconds; negative once it has lapsed. */
  readonly leaseLeftMs: number
}

/** What the store has under a stream's name. */
export type RecordReading =
  | {
      is: 'stream'
      state: StoredState
      /** What is known of the events before those that are kept; `undefined` where it was not read, or is not known. */
      head: StoredHead | undefined
      chunks: readonly Chunk[]
      grants: ReadonlyMap<string, number>
    }
  | {
      is: 'erased'
      facts: StreamIdentity
      epoch: number
      instance: string
      seq: number
      end: EndEvent | undefined
    }
  | { is: 'missing' }

/** What else is read: the entries after a position, the credit of readers. */
export interface ReadRecordOptions {
  afterSeq?: number | undefined
  grants?: boolean | undefined
  /** What never changes, where it is known already: it is not read again. */
  known?: Pick<StoredState, 'facts' | 'keeping'> | undefined
}

/**
 * Reads a stream's record. The tenant is part of the key, and must be the one that is stored (contract 12).
 *
 * @throws SluiceError `SLUICE_ERR_STORE`, also for a record of which any part is not as it was written: see `isForeign`
 */
export async function readRecord(
  connection: RedisConnection,
  keys: Keys,
  stream: StreamName,
  { afterSeq, grants = false, known }: ReadRecordOptions = {},
): Promise<RecordReading> {
  const recordKeys = [keys.meta(stream), keys.log(stream), keys.grants(stream)]
  const args = [afterSeq ?? '', grants ? '1' : '', known ? '1' : '']
  const reply = listIn(await connection.run(SCRIPTS.readRecord, recordKeys, args))
  if (isLong(reply[1])) await ownTurn()
  const meta = pairsIn(reply[0])
  const fields = new RecordFields(meta)
  if (fields.empty) return { is: 'missing' }
  const facts = known?.facts ?? fields.json(fields.has('erased') ? 'identity' : 'facts')
  if (facts.tenant !== stream.tenant || facts.id !== stream.id) {
    throw storeError('the entry found belongs to another stream')
  }
  const [epoch, seq, end] = [fields.count('epoch', 1), fields.count('seq'), fields.optional('end')]
  if (end && seq === 0) throw foreign('The end of a stream', 'it has no position')
  const instance = fields.text('instance')
  const hasLog = numberIn(reply[4]) === 1
  // The meta of an ended stream outlives the log, as its tombstone.
  const expired = end !== undefined && !hasLog
  if (fields.has('erased') || expired) return { is: 'erased', facts, epoch, instance, seq, end }
  if (seq > 0 && !hasLog) return { is: 'missing' }
  const chunks = decodeEntries(reply[1], { seq, end })
  // Somebody else has cut the log; its end is still known.
  const hasAll = afterSeq === undefined || afterSeq >= seq || lastSeqOf(chunks) === seq
  if (end && !hasAll) chunks.push({ epoch, firstSeq: seq, events: [end] })
  return {
    is: 'stream',
    head: known || afterSeq === undefined ? undefined : headIn(meta),
    state: {
      ...(known ?? whole(fields)),
      epoch,
      instance,
      seq,
      firstSeq: fields.count('first', 1, seq + 1),
      end,
      usage: fields.optional('usage'),
      tokens: fields.count('tokens'),
      timing: fields.optional('timing') ?? {},
      settled: fields.has('settled'),
      watermark: fields.has('watermark') ? fields.count('watermark') : undefined,
      leaseLeftMs: fields.count('lease') - numberIn(reply[3]),
    },
    chunks,
    grants: grantsIn(reply[2]),
  }
}

/** A few milliseconds of decoding, in characters. */
const LONG_UNITS = 64 * 1024

/** Whether the entries are so many, or so long, that others should have a turn between these and those of another stream. */
function isLong(entries: unknown): boolean {
  if (!Array.isArray(entries)) return false
  let units = 0
  for (const entry of entries as readonly [unknown, readonly unknown[]][]) {
    const text = entry?.[1]?.[1]
    if (typeof text === 'string') units += text.length
    if (units > LONG_UNITS) return true
  }
  return false
}

/** Credit by the name of a reader, as `HGETALL` gives it. @throws SluiceError `SLUICE_ERR_STORE` */
export function grantsIn(reply: unknown): Map<string, number> {
  return new Map([...pairsIn(reply)].map(([name, seq]) => [name, countIn(seq, 'The credit of a reader')]))
}

/** What never changes. */
function whole(fields: RecordFields): Pick<StoredState, 'facts' | 'keeping'> {
  const facts = fields.json('facts')
  return {
    facts: { ...facts, key: facts.key, wire: facts.wire, idempotency: facts.idempotency },
    keeping: fields.json('keeping'),
  }
}

function lastSeqOf(chunks: readonly Chunk[]): number | undefined {
  const last = chunks.at(-1)
  return last && last.firstSeq + last.events.length - 1
}
