import type { Keeping, StreamFacts } from '@sluice/core/extend'

import { argsOf } from '../src/connection/append-batcher.ts'
import { type Chunk, decodeChunk, encodeChunk } from '../src/protocol/chunk-codec.ts'
import type { RedisConnection } from '../src/connection/redis-connection.ts'
import { pairsIn } from '../src/protocol/replies.ts'
import type { Keys } from '../src/protocol/keys.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'
import { CUT, LEASE_MS, MORE_MS } from './record-attempts.ts'
import type { Asked } from './record-model.ts'

const TTL_MS = 600_000
const AGE = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HINCRBY', KEYS[1], 'lease', -ARGV[1])"
const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: TTL_MS,
  leaseMs: LEASE_MS,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

/** What Redis has of a stream. */
export interface Kept {
  epoch: number
  seq: number
  end: unknown
  erased: boolean
  entries: Chunk[]
}

/** Asks Redis, by its scripts, what the model was asked. */
export class ScriptRunner {
  readonly #connection: RedisConnection
  readonly #keys: Keys
  readonly #facts: StreamFacts

  constructor(connection: RedisConnection, keys: Keys, id: string) {
    this.#connection = connection
    this.#keys = keys
    this.#facts = {
      id,
      tenant: '',
      owner: 'owner',
      key: undefined,
      meta: {},
      wire: undefined,
      createdAtMs: 0,
      idempotency: undefined,
    }
  }

  get #meta(): string {
    return this.#keys.meta(this.#facts)
  }

  get #log(): string {
    return this.#keys.log(this.#facts)
  }

  get #all(): string[] {
    const { readers, inbox, grants } = this.#keys
    return [this.#meta, this.#log, ...[readers, inbox, grants].map((key) => key.call(this.#keys, this.#facts))]
  }

  async begin(): Promise<unknown> {
    const args = [JSON.stringify(this.#facts), JSON.stringify(KEEPING), 'here', LEASE_MS]
    return this.#connection.run(SCRIPTS.begin, [this.#meta], [...args, TTL_MS])
  }

  /** The answer's first word; for ends also where they stand. */
  async ask({ attempt, command, chunk }: Asked): Promise<string> {
    const { commands } = this.#connection
    if (attempt.do === 'wait') {
      // Time passes as far as this stream can tell.
      await commands.eval(AGE, 1, this.#meta, attempt.leases * LEASE_MS + MORE_MS)
    } else if (attempt.do === 'xtrim') await commands.xtrim(this.#log, 'MAXLEN', attempt.keep)
    else if (attempt.do === 'deleteLog') await commands.del(this.#log)
    else if (attempt.do === 'deleteMeta') await commands.del(this.#meta)
    else {
      const reply = await this.#script({ attempt, command, chunk })
      return String(Array.isArray(reply) ? (reply as unknown[])[0] : reply)
    }
    return 'ok'
  }

  #script({ attempt, command, chunk }: Pick<Asked, 'attempt' | 'command' | 'chunk'>): Promise<unknown> {
    const connection = this.#connection
    const both = [this.#meta, this.#log]
    if (command?.type === 'append') {
      const { payload, lastSeq, tokens, end } = encodeChunk(chunk!)
      const { epoch, after } = command
      const lives = { timing: '', logMs: TTL_MS, metaMs: TTL_MS }
      const more = end || after === 0 ? { ...lives, end: end && JSON.stringify(end) } : undefined
      const args = argsOf({ epoch, after, lastSeq, payload, tokens, firstSeq: 1, ...(more && { more }) })
      // As a command of its own: what is asked next goes behind it.
      return connection.run(SCRIPTS.append, both, args).then((replies) => (replies as unknown[])[0])
    }
    if (command?.type === 'renew') return connection.run(SCRIPTS.renew, this.#all, [command.epoch, LEASE_MS, TTL_MS])
    if (command?.type === 'takeOver') {
      return connection.run(SCRIPTS.takeOver, both, ['there', LEASE_MS, 'to:', '{"id":""}', command.leap ?? 1])
    }
    if (attempt.do === 'erase') {
      return connection.run(SCRIPTS.erase, this.#all, [
        JSON.stringify(this.#facts),
        this.#log,
        'to:',
        TTL_MS,
        '{"id":""}',
      ])
    }
    const mode = attempt.do === 'expire' ? ['ifLapsed', attempt.lapsedLeases * LEASE_MS] : ['always', 0]
    const args = [JSON.stringify(CUT), '', this.#log, 'to:', TTL_MS, ...mode, '{"id":""}', TTL_MS, '']
    return connection.run(SCRIPTS.close, this.#all.slice(0, 3), args)
  }

  async kept(): Promise<Kept | undefined> {
    const { commands } = this.#connection
    const [meta, entries] = await Promise.all([commands.hgetall(this.#meta), commands.xrange(this.#log, '-', '+')])
    await commands.del(...this.#all)
    if (meta.epoch === undefined) return undefined
    const chunks = entries.map(([id, fields]) => {
      const chunk = decodeChunk(pairsIn(fields).get('c')!)
      // The id is the seq of the entry's last event: that is its identity.
      if (id !== `${chunk.firstSeq + chunk.events.length - 1}-0`) throw new Error(`entry ${id} holds other events`)
      return chunk
    })
    const end: unknown = meta.end === undefined ? undefined : JSON.parse(meta.end)
    return { epoch: Number(meta.epoch), seq: Number(meta.seq), end, erased: meta.erased === '1', entries: chunks }
  }
}
