import type { SluiceError } from '@sluice/core'

import { ClientError, cutError } from '../errors/client-error.ts'

import { Backoff } from './backoff.ts'
import { lost, placeIn } from './place.ts'
import type { Effect, Input, LinkInput, StreamStatus } from './resume-input.ts'
import type { ResolvedResumeOptions } from './resume-options.ts'

/** What the machine must know of its stream. */
export interface ResumeMachineOptions extends ResolvedResumeOptions {
  random: () => number
  /** Where reading begins; without it at the beginning of what is kept. */
  cursor?: string | undefined
  /** Whether a request whose answer was lost may be made again, before it is known which stream it is about. */
  repeatable: boolean
  /** Whether the application can be asked for another credential. */
  authorizes: boolean
}

/** Connections in a row that made no progress, though they lived. */
const MOST_STALLS = 2
const SILENT = 'Nothing came any more.'

/**
 * Decides when a reader connects, waits, gives up and has finished. It does no I/O: inputs go in, effects come out, and
 * {@link ResumeMachine.dueMs} is when it is to be given `timer`. Only an `end` event makes a stream ended; at most one
 * connection is alive; what an earlier one still says is passed over.
 */
export class ResumeMachine {
  readonly #options: ResumeMachineOptions
  readonly #backoff: Backoff
  #status: StreamStatus = 'connecting'
  #cursor: string | undefined
  #link = 0
  #live = false
  /** When the next connection is made, while there is none. */
  #connectAtMs = Infinity
  /** Before that nobody wakes it: the server asked for so long. */
  #notBeforeMs = 0
  #connectedAtMs = 0
  #lastSignMs = 0
  #lastEventMs = 0
  #hasEvent = false
  #fruitless = 0
  #stalls = 0
  #paused = false
  #offline = false
  /** A credential was just renewed: to be refused again is final. */
  #renewed = false
  #effects: Effect[] = []

  constructor(options: ResumeMachineOptions) {
    this.#options = options
    this.#backoff = new Backoff(options, options.random)
    this.#cursor = options.cursor
  }

  get status(): StreamStatus {
    return this.#status
  }

  /** Number of the present connection, or the last one. */
  get link(): number {
    return this.#link
  }

  /** Everything up to here has come. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  /** When `timer` is due, if nothing comes before. It may be given earlier, at no harm. */
  get dueMs(): number {
    if (this.#status === 'ended') return Infinity
    if (!this.#live) return this.#connectAtMs
    if (this.#paused) return Infinity
    return Math.min(this.#lastSignMs + this.#options.silenceMs, this.#lastEventMs + this.#options.progressMs)
  }

  step(input: Input, nowMs: number): readonly Effect[] {
    this.#effects = []
    if (this.#status !== 'ended') this.#take(input, nowMs)
    return this.#effects
  }

  #take(input: Input, nowMs: number): void {
    switch (input.type) {
      case 'begin':
        return this.#options.authorizes ? this.#do({ type: 'authorize' }) : this.#connect(nowMs)
      case 'link':
        if (this.#live && input.link === this.#link) this.#heard(input.said, nowMs)
        return
      case 'timer':
        return this.#onTimer(nowMs)
      case 'wake':
        return this.#onWake(nowMs)
      case 'offline':
        this.#offline = true
        return
      case 'paused':
        this.#paused = input.paused
        // Nothing was looked for meanwhile: silence begins anew.
        this.#lastSignMs = this.#lastEventMs = nowMs
        return
      case 'authorized':
        return this.#connect(nowMs)
      case 'unauthorized':
        return this.#over({ error: input.error })
      case 'detach':
        return this.#over({})
      default:
        input satisfies never
    }
  }

  #heard(said: LinkInput, nowMs: number): void {
    this.#lastSignMs = nowMs
    switch (said.type) {
      case 'event':
        return this.#onEvent(said, nowMs)
      case 'opened':
        return this.#onOpened(said.cursor, nowMs)
      case 'alive':
        return
      case 'retry':
        return this.#backoff.setBase(said.retryMs)
      case 'closed':
        return this.#onClosed(said, nowMs)
      case 'broken':
        return this.#broken(said.error, nowMs)
      case 'refused':
        if (said.error.status === 401 && !this.#renewed && this.#options.authorizes) return this.#renew()
        return this.#over({ error: said.error })
      default:
        said satisfies never
    }
  }

  #onOpened(cursor: string | undefined, nowMs: number): void {
    this.#renewed = false
    // Something on the way has lost where this reader was: going on would repeat or leave out a part.
    if (this.#cursor !== undefined && cursor !== undefined && placeIn(this.#cursor) !== placeIn(cursor)) {
      return this.#broken(cutError('The server began at another place than the cursor that it was given.'), nowMs)
    }
    this.#cursor ??= cursor
    this.#become(this.#hasEvent ? 'streaming' : 'waiting')
  }

  #onEvent({ cursor, end }: Extract<LinkInput, { type: 'event' }>, nowMs: number): void {
    this.#lastEventMs = nowMs
    this.#hasEvent = true
    this.#fruitless = this.#stalls = 0
    if (nowMs - this.#connectedAtMs >= this.#options.healthyMs) this.#backoff.reset()
    this.#cursor = cursor ?? this.#cursor
    if (!end) this.#become('streaming')
    this.#do({ type: 'deliver' })
    if (end) this.#over({ end })
  }

  #onClosed({ code, cursor }: Extract<LinkInput, { type: 'closed' }>, nowMs: number): void {
    this.#cursor = cursor ?? this.#cursor
    // Where reading can go on there is a cursor.
    if (cursor === undefined) return this.#over({ error: lost(code) })
    if (code === 'unauthorized' && this.#options.authorizes) return this.#renew()
    if (code !== 'rotate') return this.#broken(cutError(`The server closed the reading (${code}).`), nowMs)
    // Planned, and over in a moment: nobody need be told.
    this.#disconnect()
    this.#connectAtMs = nowMs + this.#backoff.soonMs()
  }

  #broken(error: SluiceError, nowMs: number): void {
    const isLost = this.#cursor === undefined && !this.#options.repeatable
    if (isLost || (!this.#offline && ++this.#fruitless > this.#options.maxAttempts)) return this.#over({ error })
    this.#disconnect()
    this.#notBeforeMs = nowMs + (error.retryAfterMs ?? 0)
    this.#connectAtMs = nowMs + this.#backoff.nextMs(error.retryAfterMs)
    if (this.#status !== 'connecting') this.#become('resuming')
  }

  #onTimer(nowMs: number): void {
    if (nowMs < this.dueMs) return
    if (!this.#live) return this.#connect(nowMs)
    if (nowMs - this.#lastEventMs < this.#options.progressMs) return this.#broken(cutError(SILENT), nowMs)
    const error = new ClientError('SLUICE_ERR_TIMEOUT', 'The stream makes no progress.')
    if (++this.#stalls >= MOST_STALLS) this.#over({ error })
    else this.#broken(error, nowMs)
  }

  #onWake(nowMs: number): void {
    // A page that slept, or had no network, may have lost its connection without a word; two heartbeats would have come meanwhile.
    const isSilent = !this.#paused && nowMs - this.#lastSignMs > (this.#options.silenceMs * 2) / 3
    const isStale = this.#live && (this.#offline || isSilent)
    this.#offline = false
    if (isStale) this.#broken(cutError(SILENT), nowMs)
    // Where there is nothing to wait for, a credential is being asked for.
    if (this.#live || this.#connectAtMs === Infinity) return
    this.#connectAtMs = Math.max(nowMs, this.#notBeforeMs)
    this.#onTimer(nowMs)
  }

  #renew(): void {
    this.#renewed = true
    this.#disconnect()
    this.#do({ type: 'authorize' })
  }

  #connect(nowMs: number): void {
    this.#live = true
    this.#connectAtMs = Infinity
    this.#connectedAtMs = this.#lastSignMs = this.#lastEventMs = nowMs
    this.#do({ type: 'connect', link: ++this.#link, cursor: this.#cursor })
  }

  #disconnect(): void {
    if (this.#live) this.#do({ type: 'disconnect' })
    this.#live = false
  }

  #become(status: StreamStatus): void {
    if (this.#status === status) return
    this.#status = status
    this.#do({ type: 'status' })
  }

  #over(how: Omit<Extract<Effect, { type: 'over' }>, 'type'>): void {
    this.#disconnect()
    this.#status = 'ended'
    this.#do({ type: 'over', ...how })
  }

  #do(effect: Effect): void {
    this.#effects.push(effect)
  }
}
