import type { EndEvent, StreamIdentity, StreamTiming, Usage } from '@sluice/core'
import type { Keeping, StreamFacts, StreamName } from '@sluice/core/extend'

import type { RedisConnection } from '../connection/redis-connection.ts'
import { storeError } from '../connection/store-error.ts'
import { type Chunk, decodeChunk } from '../protocol/chunk-codec.ts'
import { headIn, type StoredHead } from '../protocol/head-codec.ts'
import type { Keys } from '../protocol/keys.ts'
import { pairs } from '../protocol/pairs.ts'
import { SCRIPTS } from '../protocol/scripts.ts'

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

/** Reads a stream's record. The tenant is part of the key, and must be the one that is stored (contract 12). */
export async function readRecord(
  connection: RedisConnection,
  keys: Keys,
  stream: StreamName,
  { afterSeq, grants = false, known }: ReadRecordOptions = {},
): Promise<RecordReading> {
  const recordKeys = [keys.meta(stream), keys.log(stream), keys.grants(stream)]
  const args = [afterSeq ?? '', grants ? '1' : '', known ? '1' : '']
  const reply = (await connection.run(SCRIPTS.readRecord, recordKeys, args)) as [
    string[],
    [string, [string, string]][],
    string[],
    number,
    number,
  ]
  const [fields, entries, granted, nowMs, hasLog] = reply
  const meta = pairs(fields)
  const facts = known ? known.facts : jsonOf<StreamFacts>(meta, 'facts')
  if (!facts || !meta.has('epoch')) return { is: 'missing' }
  if (facts.tenant !== stream.tenant || facts.id !== stream.id) {
    throw storeError('the entry found belongs to another stream')
  }
  const [epoch, seq, end] = [numberOf(meta, 'epoch'), numberOf(meta, 'seq'), jsonOf<EndEvent>(meta, 'end')]
  const instance = meta.get('instance') ?? ''
  // The meta of an ended stream outlives the log, as its tombstone.
  const expired = end !== undefined && seq > 0 && hasLog === 0
  if (meta.has('erased') || expired) return { is: 'erased', facts, epoch, instance, seq, end }
  if (seq > 0 && hasLog === 0) return { is: 'missing' }
  const chunks = entries.map(([, [, payload]]) => decodeChunk(payload))
  // Somebody else has cut the log; its end is still known.
  const hasAll = afterSeq === undefined || afterSeq >= seq || lastSeqOf(chunks) === seq
  if (end && !hasAll) chunks.push({ epoch, firstSeq: seq, events: [end] })
  const firstSeq = numberOf(meta, 'first')
  return {
    is: 'stream',
    head: known || afterSeq === undefined ? undefined : headIn(meta),
    state: {
      facts: { ...facts, key: facts.key, wire: facts.wire, idempotency: facts.idempotency },
      keeping: known?.keeping ?? jsonOf<Keeping>(meta, 'keeping')!,
      epoch,
      instance,
      seq,
      firstSeq,
      end,
      usage: jsonOf<Usage>(meta, 'usage'),
      tokens: numberOf(meta, 'tokens'),
      timing: jsonOf<StreamTiming>(meta, 'timing') ?? {},
      settled: meta.has('settled'),
      watermark: meta.has('watermark') ? numberOf(meta, 'watermark') : undefined,
      leaseLeftMs: numberOf(meta, 'lease') - nowMs,
    },
    chunks,
    grants: new Map([...pairs(granted)].map(([name, granted]) => [name, Number(granted)])),
  }
}

function lastSeqOf(chunks: readonly Chunk[]): number | undefined {
  const last = chunks.at(-1)
  return last && last.firstSeq + last.events.length - 1
}

function numberOf(meta: ReadonlyMap<string, string>, name: string): number {
  return Number(meta.get(name) ?? 0)
}

function jsonOf<Value>(meta: ReadonlyMap<string, string>, name: string): Value | undefined {
  const text = meta.get(name)
  return text === undefined ? undefined : (JSON.parse(text) as Value)
}
