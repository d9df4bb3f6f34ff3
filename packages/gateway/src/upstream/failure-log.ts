import type { IncomingHttpHeaders } from 'node:http'

import { type ClosedCode, type EndEvent, isSluiceError, type Observer, type StreamIdentity } from '@sluice/core'

import type { BackendFailure } from './failure.ts'
import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'

/** What is known of one request to the backend, for the line that says how it failed. */
export interface Exchange {
  readonly requestId: string | undefined
  status?: number | undefined
  backendRequestId?: string | undefined
  failure?: BackendFailure | undefined
}

/** Notes the head of an answer. */
export function noteAnswer(exchange: Exchange, status: number, headers: IncomingHttpHeaders): void {
  exchange.status = status
  const id = headers['x-request-id']
  exchange.backendRequestId = typeof id === 'string' ? id : undefined
  exchange.failure = undefined
}

/** What is kept at most. The one that began first gives way. */
const MAX_RUNNING = 100_000

/** Writes a line for each answer that fails, and says why: as far as that is known here, which clients are not told. */
export class FailureLog implements Observer {
  readonly #log: Log
  /** By the stream's id, while it runs. */
  readonly #exchanges: Map<string, Exchange> = new Map()

  constructor(log: Log) {
    this.#log = log
  }

  /** A source has begun to ask the backend. */
  begin(streamId: string, exchange: Exchange): void {
    this.#exchanges.set(streamId, exchange)
    const [oldest] = this.#exchanges.keys()
    if (this.#exchanges.size > MAX_RUNNING && oldest !== undefined) this.#exchanges.delete(oldest)
  }

  ended({ id }: StreamIdentity, { end }: { end: EndEvent }): void {
    const exchange = this.#exchanges.get(id)
    this.#exchanges.delete(id)
    if (end.complete || !isFailure(end)) return
    const { failure, status, requestId, backendRequestId } = exchange ?? {}
    const refused = status !== undefined && status >= 400
    this.#log.warn('An answer failed', {
      reason: failure?.reason ?? (refused ? 'status' : reasonOf(end)),
      why: failure?.message ?? wordsOf(end),
      status,
      stream: id,
      request: requestId,
      backendRequest: backendRequestId,
    })
  }

  lost({ id }: StreamIdentity, { code }: { code: ClosedCode }): void {
    const exchange = this.#exchanges.get(id)
    this.#exchanges.delete(id)
    this.#log.warn('This process has lost a stream', {
      reason: code,
      why: WHY_LOST[code],
      stream: id,
      request: exchange?.requestId,
    })
  }

  failed(stream: StreamIdentity | undefined, { where, error }: { where: string; error: unknown }): void {
    if (where === 'source') return this.#sourceFailed(stream, error)
    // A store that is away fails again and again: that is told once, where it changes.
    this.#log.debug('Something failed where no client notices', { where, why: String(error), stream: stream?.id })
  }

  /** What a source throws on purpose is said once its stream has ended; anything else is a mistake of ours. */
  #sourceFailed(stream: StreamIdentity | undefined, error: unknown): void {
    if (isSluiceError(error)) return
    const { stack } = error as Partial<Error>
    this.#log.error('A source failed by a mistake', { why: describeError(error), stack, stream: stream?.id })
  }
}

const WHY_LOST: { readonly [Code in ClosedCode]?: string } = {
  epoch: 'another process produces it now, or has ended it',
  storage: 'the store does not have it any more',
}

const EXPECTED: ReadonlySet<string | undefined> = new Set(['client', 'replaced', 'disconnect', 'drain'])

function isFailure({ cause }: EndEvent): boolean {
  return !EXPECTED.has(cause)
}

function reasonOf({ cause }: EndEvent): string {
  return cause === 'source' ? 'answer' : (cause ?? 'unknown')
}

function wordsOf({ error, reason }: EndEvent): string {
  return error?.message ?? reason
}
