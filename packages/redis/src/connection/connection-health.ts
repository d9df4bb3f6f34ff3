import type { Scheduler } from '@sluice/core/extend'

import { explainFailure, isVague, withoutArguments } from './connection-failure.ts'
import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'
import { socketError } from './socket-error.ts'

/** What it needs to know of the store. */
export type HealthOptions = Pick<ResolvedRedisStoreOptions, 'target' | 'tls' | 'onWarning'>

/** A reply that took longer than this counts as a silence before it. */
const SLOW_MS = 2_000
/** How often the operator is told the same, and how much within that time: addresses of a cluster's nodes differ. */
const TOLD_AGAIN_MS = 60_000
const MAX_TOLD = 16

/** Whether Redis answers, since when, and why not. */
export class ConnectionHealth {
  readonly #scheduler: Scheduler
  readonly #options: HealthOptions
  #answeringSinceMs: number | undefined
  #silentSinceMs: number | undefined
  /** When the last reply came, or a connection that gave none was made anew. */
  lastReplyMs = 0
  #hasAnswered = false
  #connectionError: Error | undefined
  /** When the operator was told what. */
  readonly #told: Map<string, number> = new Map()
  /** Why the latest connection failed, where waiting does not mend that. */
  hopeless: Error | undefined
  /** Called when there is such a reason. */
  onHopeless: () => void = () => {}
  /** Called when Redis answers again after a silence. */
  onAnswering: () => void = () => {}

  constructor(scheduler: Scheduler, options: HealthOptions) {
    this.#scheduler = scheduler
    this.#options = options
  }

  /** How long Redis has answered without a pause, in milliseconds. */
  get answeringForMs(): number {
    return this.#answeringSinceMs === undefined ? 0 : this.#scheduler.now() - this.#answeringSinceMs
  }

  /** When Redis stopped answering, as far as it has been noticed; `undefined` while it answers. */
  get silentSinceMs(): number | undefined {
    return this.#silentSinceMs
  }

  /** Why there is no connection, as far as it is known, in words for the operator. */
  get connectionError(): Error | undefined {
    return this.#connectionError && new Error(explainFailure(this.#connectionError, this.#hasAnswered).words)
  }

  /** The server has answered the handshake. A replica does that, too, and still takes no writes. */
  connected(): void {
    const error = this.#connectionError
    this.answered(this.#scheduler.now())
    if (error?.message.startsWith('READONLY')) this.#connectionError = error
  }

  /** A reply has come. One that was long in coming shows that Redis gave none meanwhile. */
  answered(askedMs: number): void {
    const now = this.#scheduler.now()
    const paused = now - askedMs > SLOW_MS
    this.lastReplyMs = now
    this.#hasAnswered = true
    this.#connectionError = undefined
    if (this.#answeringSinceMs === undefined || paused) this.#answeringSinceMs = now
    if (this.#silentSinceMs === undefined) return
    this.#silentSinceMs = undefined
    this.onAnswering()
  }

  /** A command got no reply, or a connection is gone. */
  unanswered(): void {
    this.hopeless = undefined
    this.#answeringSinceMs = undefined
    this.#silentSinceMs ??= this.#scheduler.now()
  }

  /** Redis has answered a command with an error. Whoever asked is told that it was refused: in which words, the operator is. */
  refused(error: Error): void {
    this.#tell(`Redis refuses a command: ${withoutArguments(error.message)}.`)
  }

  /** There is no connection, for this reason. Of a Cluster and of Sentinels a client may not know the reason: a socket does. */
  failed(error: Error): void {
    const { target, tls } = this.#options
    if (!isVague(error)) return this.#notConnected(error)
    if (this.#connectionError) return
    const found = target && target.kind !== 'server' ? socketError(target, tls) : Promise.resolve(undefined)
    void found.then((cause) => {
      if (this.#answeringSinceMs === undefined && !this.#connectionError) this.#notConnected(cause ?? error)
    })
  }

  /** A connection was closed. One that never carried an answer may have been the wrong kind of connection. */
  closed(wasReady: boolean): void {
    this.unanswered()
    if (!wasReady) this.failed(new Error('The connection was closed before it answered'))
  }

  /** The operator is told why. */
  #notConnected(error: Error): void {
    this.#connectionError = error
    const { words, isHopeless } = explainFailure(error, this.#hasAnswered)
    if (isHopeless) {
      this.hopeless = error
      this.onHopeless()
    }
    this.#tell(`Redis cannot be reached: ${words}`)
  }

  /** Tells the operator, unless the same was told a short while ago. */
  #tell(message: string): void {
    const now = this.#scheduler.now()
    for (const [words, toldMs] of this.#told) if (now - toldMs >= TOLD_AGAIN_MS) this.#told.delete(words)
    if (this.#told.size >= MAX_TOLD || this.#told.has(message)) return
    this.#told.set(message, now)
    this.#options.onWarning(message)
  }
}
