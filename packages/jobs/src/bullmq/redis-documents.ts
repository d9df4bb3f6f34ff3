import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'

import {
  documentsClosed,
  requireClaim,
  requireKind,
  requireLeaseMs,
  requireList,
  requireName,
  requireState,
  requireWrites,
} from '../documents/document-rules.ts'
import type {
  ClaimOptions,
  DocumentBound,
  DocumentName,
  DocumentStore,
  DocumentWrite,
  ListOptions,
  StoredDocument,
  Written,
} from '../documents/document-store.ts'
import { Changes } from './changes.ts'
import { connect } from './connect.ts'
import { Operator } from './operator.ts'
import { type Argument, RedisCommands } from './redis-commands.ts'
import { type RedisJobsOptions, type ResolvedRedisJobsOptions, resolveRedisJobsOptions } from './redis-jobs-options.ts'
import { checkServers } from './server-check.ts'
import { keptScope, storedDocuments } from './stored.ts'

/**
 * Documents in Redis, for all processes that have the same Redis and the same `prefix`. All keys are in one slot, so that a Cluster
 * keeps them on one node. While Redis does not answer, whoever asks is told so with `SLUICE_ERR_STORE` after `commandMs`.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const documents = redisDocuments({ url: 'redis://127.0.0.1:6379' })
 * const place = { scope: 'ada', state: 'draft' }
 * await documents.write([{ kind: 'note', id: 'n1', after: 0, value: { text: 'Hello' }, place }])
 * await documents.close()
 * ```
 */
export function redisDocuments(options: RedisJobsOptions): DocumentStore {
  return new RedisDocuments(resolveRedisJobsOptions(options))
}

/** {@link redisDocuments}, of options that were checked. */
export class RedisDocuments implements DocumentStore {
  readonly name = 'redis'
  readonly shared = true
  readonly #commands: RedisCommands
  readonly #changes: Changes
  /** In which a command may be repeated: it is asked again for `commandMs` at most. */
  readonly #windowMs: number
  #isClosed = false

  constructor(options: ResolvedRedisJobsOptions) {
    const { prefix, commandMs, onWarning } = options
    const scheduler = new Scheduler(createSystemRuntime())
    const operator = new Operator(scheduler, onWarning)
    const failed = (error: Error): void => {
      if (!this.#isClosed) operator.unreachable(error)
    }
    const client = connect(options, 'commands', failed)
    checkServers(client, (warning) => operator.tell(warning))
    this.#commands = new RedisCommands({ client, scheduler, operator, prefix, commandMs })
    this.#changes = new Changes(prefix, () => connect(options, 'listening', failed))
    this.#windowMs = 2 * commandMs + 10_000
  }

  async read(name: DocumentName): Promise<StoredDocument | undefined> {
    requireName(name)
    const [document] = storedDocuments(name.kind, await this.#commands.run('read', [name.kind, name.id]))
    return document
  }

  async write(writes: readonly DocumentWrite[], bounds: readonly DocumentBound[] = []): Promise<Written> {
    requireWrites(writes, bounds)
    const args = [
      this.#windowMs,
      writes.length,
      bounds.length,
      ...writes.flatMap(writeArgs),
      ...bounds.flatMap(boundArgs),
    ]
    // What comes with the end of something, as word of it does, is no reason to refuse the end.
    const isNew = writes.length > 0 && writes.every(({ after }) => after === 0)
    const [is, index] = await this.#commands.run(isNew ? 'write-new' : 'write', args)
    if (is === 'full') return { is, bound: bounds[Number(index)]! }
    return { is: is === 'ok' ? 'ok' : 'conflict' }
  }

  async list(options: ListOptions): Promise<{ documents: readonly StoredDocument[]; more: boolean }> {
    requireList(options)
    const { kind, scope, state = '', after = '', limit } = options
    const [which, ...found] = await this.#commands.run('list', [kind, keptScope(scope), state, after, limit])
    return { documents: storedDocuments(kind, found), more: which === 'more' }
  }

  async count(kind: string, { scope, state }: { scope?: string | undefined; state: string }): Promise<number> {
    requireKind(kind)
    requireState(state)
    const [count] = await this.#commands.run('count', [kind, state, ...scopeArgs(scope)])
    return Number(count)
  }

  async claim(options: ClaimOptions): Promise<readonly StoredDocument[]> {
    requireClaim(options)
    const { kind, from, to, leaseMs, limit, perScope = '', id = '', olderThanMs } = options
    const rest = [perScope, id, olderThanMs === undefined ? '' : Math.ceil(olderThanMs), ...new Set(from)]
    const args = [this.#windowMs, kind, to, Math.ceil(leaseMs), limit, ...rest]
    return storedDocuments(kind, await this.#commands.run('claim', args))
  }

  async renew(name: DocumentName, lease: number, leaseMs: number): Promise<boolean> {
    requireName(name)
    requireLeaseMs(leaseMs)
    const [is] = await this.#commands.run('renew', [name.kind, name.id, lease, Math.ceil(leaseMs)])
    return is === 'yes'
  }

  async nextDueInMs(kind: string, states: readonly string[]): Promise<number | undefined> {
    requireKind(kind)
    states.forEach(requireState)
    const [inMs] = await this.#commands.run('next-due', [kind, ...states])
    return inMs === undefined ? undefined : Number(inMs)
  }

  watch(kind: string, listener: (id: string) => void): () => void {
    requireKind(kind)
    if (this.#isClosed) throw documentsClosed(this.name)
    return this.#changes.add(kind, listener)
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#commands.close()
      this.#changes.close()
    }
    return Promise.resolve()
  }
}

function writeArgs({ kind, id, after, value, place, dueInMs, forgetInMs }: DocumentWrite): Argument[] {
  if (value === undefined || !place) return [kind, id, after, 'remove', '', '', '', '', '', '']
  const { state, scope, priority = 0 } = place
  return [
    kind,
    id,
    after,
    'set',
    JSON.stringify(value),
    state,
    keptScope(scope),
    priority,
    inMs(dueInMs),
    inMs(forgetInMs),
  ]
}

function boundArgs({ kind, state, scope, atMost }: DocumentBound): Argument[] {
  return [kind, state, ...scopeArgs(scope), atMost]
}

function scopeArgs(scope: string | undefined): Argument[] {
  return scope === undefined ? ['all', ''] : ['scope', keptScope(scope)]
}

/** Whole milliseconds; a time that is never is no text. */
function inMs(ms: number | undefined): Argument {
  return ms === undefined ? '' : Math.ceil(ms)
}
