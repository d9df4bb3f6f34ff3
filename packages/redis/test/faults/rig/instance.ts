import {
  type AttachOptions,
  createSluice,
  type Sluice,
  type SluiceOptions,
  type Source,
  type StartOptions,
  type StreamRef,
  type StreamResult,
  type TokenStream,
} from '@sluice/core'
import { redisStore, type RedisStore, type RedisStoreOptions } from '@sluice/redis'

import { createCountedRuntime } from './counted-runtime.ts'
import { type Counting, countingSource } from './counting-source.ts'
import { Reading, type ReadingOptions } from './reading.ts'
import { countTokens } from './text.ts'
import { Watched } from './watched.ts'

/** Streams of these tests go on without readers, unless a test says otherwise. */
const STREAM = { onDisconnect: 'continue' } as const

/** How a stream is started. */
export type Starting = Partial<StartOptions>

/** Where a reading begins: at the beginning, or after a cursor, of which the test knows how many tokens precede it. */
export interface ReadFrom extends ReadingOptions, Pick<AttachOptions, 'after'> {
  readonly from?: number | undefined
}

/** One process's worth of sluice on Redis, and what its sources and its `settle` went through. */
export class Instance extends Watched implements AsyncDisposable {
  readonly store: RedisStore
  readonly sluice: Sluice
  /** Streams whose source was called here, in order, and the number of tokens each was told had been given. */
  readonly runs: { id: string; after: number }[] = []
  /** Streams whose source was aborted here. */
  readonly aborted: string[] = []
  readonly settled: StreamResult[] = []
  readonly warnings: string[] = []
  readonly #runtime = createCountedRuntime()

  constructor(store: RedisStoreOptions, options: SluiceOptions = {}) {
    super()
    this.store = redisStore({ onWarning: (warning) => void this.warnings.push(warning), ...store }, this.#runtime)
    this.sluice = createSluice({
      sources: { count: this.#watch(countingSource) },
      settle: (result) => {
        this.settled.push(result)
        this.changed()
      },
      ...options,
      store: this.store,
    })
  }

  /** Timers that the store has set. */
  get timers(): number {
    return this.#runtime.timers
  }

  /** Starts the source that every instance knows by name. */
  count(input: Counting, options: Starting = {}): Promise<TokenStream> {
    return this.sluice.start({ name: 'count', input: { ...input } }, { ...STREAM, as: 'server', ...options })
  }

  /** Starts a source that only this instance has. */
  start(source: Source, options: Starting = {}): Promise<TokenStream> {
    return this.sluice.start(this.#watch(source), { ...STREAM, as: 'server', ...options })
  }

  /** Attaches and reads over the native wire. */
  async read(ref: StreamRef, { after, from = 0, ...options }: ReadFrom = {}): Promise<Reading> {
    const stream = await this.sluice.attach(ref, { as: 'server', after })
    return new Reading(stream, from, options)
  }

  /** Resolves once the source of this stream was aborted here. */
  async abortOf(id: string, withinMs?: number): Promise<void> {
    await this.until(`the source of ${id} aborted`, () => this.aborted.includes(id), withinMs)
  }

  /** What `settle` was given of this stream. */
  settlementOf(id: string, withinMs?: number): Promise<StreamResult> {
    return this.until(`${id} settled`, () => this.settled.find((result) => result.id === id), withinMs)
  }

  /** Lets go of the store, and checks that it does (contract 14). */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.dispose()
    if (this.timers > 0) throw new Error(`${this.timers} timers are left of a store that was disposed of`)
  }

  #watch(source: Source): Source {
    return (context) => {
      this.runs.push({ id: context.id, after: countTokens(context.prefix) })
      context.signal.addEventListener('abort', () => {
        this.aborted.push(context.id)
        this.changed()
      })
      this.changed()
      return source(context)
    }
  }
}
