import type { EndEvent, StreamTiming, Usage } from '@sluice/core'
import type { Keeping, StreamFacts, StreamName } from '@sluice/core/extend'

import type { Database, Row } from '../file/database.ts'
import { type Head, headText } from './head.ts'
import { nameText, toJson } from './stored-json.ts'
import { numberIn, streamIn, type StreamRow } from './stream-row.ts'

/** What is told of a stream with its latest segment. */
export interface Progress {
  readonly epoch: number
  readonly seq: number
  readonly firstSeq: number
  readonly tokens: number
  readonly usage: Usage | undefined
  readonly timing: StreamTiming
}

/** How a stream ended, and until when it is kept. */
export interface Ending {
  readonly end: EndEvent
  readonly endedAtMs: number
  readonly expiresAtMs: number
  /** Nobody has anything left to do for it. */
  readonly settled: boolean
}

/** The records of streams. */
export class StreamTable {
  readonly #database: Database
  #next: number

  constructor(database: Database) {
    this.#database = database
    // A number is never given twice: what a stream that is gone has left in the journal, or in segments, is nobody else's.
    const latest = ['max(number) AS number FROM streams', 'max(stream) AS number FROM segments'].map(
      (column) => database.first(`SELECT ${column}`)?.number ?? 0,
    )
    this.#next = Math.max(...latest.map(numberIn)) + 1
  }

  /** Gives its number. */
  insert(facts: StreamFacts, keeping: Keeping): number {
    const { id, tenant, owner, key, idempotency } = facts
    const number = this.#next
    this.#database.run(
      'INSERT INTO streams (number, id, tenant, owner, running_key, repeat_key, facts, keeping) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      number,
      id,
      nameText(tenant),
      nameText(owner),
      key === undefined ? null : nameText(key),
      idempotency ? nameText(idempotency.key) : null,
      toJson(facts),
      toJson(keeping),
    )
    this.#next = number + 1
    return number
  }

  byId({ tenant, id }: StreamName): StreamRow | undefined {
    return rowIn(this.#database.first('SELECT * FROM streams WHERE id = ? AND tenant = ?', id, nameText(tenant)))
  }

  byNumber(number: number): StreamRow | undefined {
    return rowIn(this.#database.first('SELECT * FROM streams WHERE number = ?', number))
  }

  /** The stream that runs under this key. */
  byKey(tenant: string, key: string): StreamRow | undefined {
    const sql = 'SELECT * FROM streams WHERE tenant = ? AND running_key = ?'
    return rowIn(this.#database.first(sql, nameText(tenant), nameText(key)))
  }

  /** The stream that the same start has begun before. */
  repeated({ tenant, owner, idempotency }: StreamFacts): StreamRow | undefined {
    if (!idempotency) return undefined
    const sql = 'SELECT * FROM streams WHERE tenant = ? AND owner = ? AND repeat_key = ?'
    const names = [nameText(tenant), nameText(owner), nameText(idempotency.key)]
    return rowIn(this.#database.first(sql, ...names))
  }

  running(): StreamRow[] {
    return this.#database.all('SELECT * FROM streams WHERE ending IS NULL ORDER BY number').map(streamIn)
  }

  /** Numbers of those that have ended, and that nobody has settled. */
  unsettled(): number[] {
    const sql = 'SELECT number FROM streams WHERE ending IS NOT NULL AND settled = 0 ORDER BY number'
    return this.#database.all(sql).map(({ number }) => numberIn(number))
  }

  advance(number: number, { epoch, seq, firstSeq, tokens, usage, timing }: Progress): void {
    this.#database.run(
      'UPDATE streams SET epoch = ?, seq = ?, first_seq = ?, tokens = ?, usage = ?, timing = ? WHERE number = ?',
      epoch,
      seq,
      firstSeq,
      tokens,
      usage === undefined ? null : toJson(usage),
      toJson(timing),
      number,
    )
  }

  /** It runs no more: its key is free. */
  end(number: number, { end, endedAtMs, expiresAtMs, settled }: Ending): void {
    this.#database.run(
      'UPDATE streams SET ending = ?, ended_at = ?, expires_at = ?, settled = ?, running_key = NULL WHERE number = ?',
      toJson(end),
      endedAtMs,
      expiresAtMs,
      settled ? 1 : 0,
      number,
    )
  }

  setEpoch(number: number, epoch: number): void {
    this.#database.run('UPDATE streams SET epoch = ? WHERE number = ?', epoch, number)
  }

  setHead(number: number, head: Head): void {
    this.#database.run('UPDATE streams SET head = ? WHERE number = ?', headText(head), number)
  }

  setSettled(number: number): void {
    this.#database.run('UPDATE streams SET settled = 1 WHERE number = ?', number)
  }

  delete(number: number): void {
    this.#database.run('DELETE FROM streams WHERE number = ?', number)
  }

  /** The ended stream that is to be given up first: its time is over, or, with `Infinity`, it has ended first. */
  firstToGo(nowMs: number): StreamRow | undefined {
    const sql =
      nowMs === Infinity
        ? 'SELECT * FROM streams WHERE ended_at IS NOT NULL ORDER BY ended_at LIMIT 1'
        : 'SELECT * FROM streams WHERE expires_at <= ? ORDER BY expires_at LIMIT 1'
    return rowIn(nowMs === Infinity ? this.#database.first(sql) : this.#database.first(sql, nowMs))
  }

  /** When the next one is not kept any more. */
  nextExpiryMs(): number {
    const row = this.#database.first('SELECT min(expires_at) AS at FROM streams WHERE expires_at IS NOT NULL')
    return typeof row?.at === 'number' ? row.at : Infinity
  }
}

function rowIn(row: Row | undefined): StreamRow | undefined {
  return row && streamIn(row)
}
