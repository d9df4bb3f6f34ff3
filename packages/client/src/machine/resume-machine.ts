import type { SluiceError } from '@sluice/core'

import { ClientError, cutError } from '../errors/client-error.ts'

import { createBackoff } from './backoff.ts'
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
const SILENT = 'Nothing came.'

/** Decides when a reader connects, waits, gives up and has finished. */
export interface ResumeMachine {
  readonly status: StreamStatus
  /** Number of the present connection, or the last one. */
  readonly link: number
  /** Everything up to here has come. */
  readonly cursor: string | undefined
  /** When `timer` is due, if nothing comes before. It may be given earlier, at no harm. */
  readonly dueMs: number
  step(input: Input, nowMs: number): readonly Effect[]
}

/**
 * Decides when a reader connects, waits, gives up and has finished. It does no I/O: inputs go in, effects come out, and
 * {@link ResumeMachine.dueMs} is when it is to be given `timer`. Only an `end` event makes a stream ended; at most one
 * connection is alive; what an earlier one still says is passed over.
 */
export function createResumeMachine(options: ResumeMachineOptions): ResumeMachine {
  const backoff = createBackoff(options, options.random)
  let status: StreamStatus = 'connecting'
  let place = options.cursor
  let link = 0
  let live = false
  /** When the next connection is made, while there is none. */
  let connectAtMs = Infinity
  /** Before that nobody wakes it: the server asked for so long. */
  let notBeforeMs = 0
  let connectedAtMs = 0
  let lastSignMs = 0
  let lastEventMs = 0
  let hasEvent = false
  let fruitless = 0
  let stalls = 0
  let paused = false
  let offline = false
  /** A credential was just renewed: to be refused again is final. */
  let renewed = false
  let effects: Effect[] = []
  let nowMs = 0

  function dueMs(): number {
    if (status === 'ended') return Infinity
    if (!live) return connectAtMs
    if (paused) return Infinity
    return Math.min(lastSignMs + options.silenceMs, lastEventMs + options.progressMs)
  }

  function take(input: Input): void {
    switch (input.type) {
      case 'begin':
        return options.authorizes ? emit({ type: 'authorize' }) : connect()
      case 'link':
        if (live && input.link === link) heard(input.said)
        return
      case 'timer':
        return onTimer()
      case 'wake':
        return onWake()
      case 'offline':
        offline = true
        return
      case 'paused':
        paused = input.paused
        // Nothing was looked for meanwhile: silence begins anew.
        lastSignMs = lastEventMs = nowMs
        return
      case 'authorized':
        return connect()
      case 'unauthorized':
        return over({ error: input.error })
      case 'detach':
        return over({})
      default:
        input satisfies never
    }
  }

  function heard(said: LinkInput): void {
    lastSignMs = nowMs
    switch (said.type) {
      case 'event':
        return onEvent(said)
      case 'opened':
        return onOpened(said.cursor)
      case 'alive':
        return
      case 'retry':
        return backoff.setBase(said.retryMs)
      case 'closed':
        return onClosed(said)
      case 'broken':
        return broken(said.error)
      case 'refused':
        if (said.error.status === 401 && !renewed && options.authorizes) return renew()
        return over({ error: said.error })
      default:
        said satisfies never
    }
  }

  function onOpened(cursor: string | undefined): void {
    renewed = false
    // Something on the way has lost where this reader was: going on would repeat or leave out a part.
    if (place !== undefined && cursor !== undefined && placeIn(place) !== placeIn(cursor)) {
      return broken(cutError('The server began elsewhere.'))
    }
    place ??= cursor
    become(hasEvent ? 'streaming' : 'waiting')
  }

  function onEvent({ cursor, end }: Extract<LinkInput, { type: 'event' }>): void {
    lastEventMs = nowMs
    hasEvent = true
    fruitless = stalls = 0
    if (nowMs - connectedAtMs >= options.healthyMs) backoff.reset()
    place = cursor ?? place
    if (!end) become('streaming')
    emit({ type: 'deliver' })
    if (end) over({ end })
  }

  function onClosed({ code, cursor }: Extract<LinkInput, { type: 'closed' }>): void {
    place = cursor ?? place
    // Where reading can go on there is a cursor.
    if (cursor === undefined) return over({ error: lost(code) })
    // A fresh credential that brings nothing either, and at once, is no reason to ask for the next one at once.
    if (code === 'unauthorized' && options.authorizes && (nowMs - connectedAtMs >= options.healthyMs || !fruitless++))
      return renew()
    if (code !== 'rotate') return broken(cutError(`The server closed it: ${code}.`))
    // Planned, and over in a moment: nobody need be told.
    disconnect()
    connectAtMs = nowMs + backoff.soonMs()
  }

  function broken(error: SluiceError): void {
    const isLost = place === undefined && !options.repeatable
    if (isLost || (!offline && ++fruitless > options.maxAttempts)) return over({ error })
    disconnect()
    notBeforeMs = nowMs + (error.retryAfterMs ?? 0)
    connectAtMs = nowMs + backoff.nextMs(error.retryAfterMs)
    if (status !== 'connecting') become('resuming')
  }

  function onTimer(): void {
    if (nowMs < dueMs()) return
    if (!live) return connect()
    if (nowMs - lastEventMs < options.progressMs) return broken(cutError(SILENT))
    const error = new ClientError('SLUICE_ERR_TIMEOUT', 'No progress.')
    return ++stalls < MOST_STALLS ? broken(error) : over({ error })
  }

  function onWake(): void {
    // A page that slept, or had no network, may have lost its connection without a word; two heartbeats would have come meanwhile.
    const isSilent = !paused && nowMs - lastSignMs > (options.silenceMs * 2) / 3
    const isStale = live && (offline || isSilent)
    offline = false
    if (isStale) broken(cutError(SILENT))
    // Where there is nothing to wait for, a credential is being asked for.
    if (live || connectAtMs === Infinity) return
    connectAtMs = Math.max(nowMs, notBeforeMs)
    onTimer()
  }

  function renew(): void {
    renewed = true
    disconnect()
    emit({ type: 'authorize' })
  }

  function connect(): void {
    live = true
    connectAtMs = Infinity
    connectedAtMs = lastSignMs = lastEventMs = nowMs
    emit({ type: 'connect', link: ++link, cursor: place })
  }

  function disconnect(): void {
    if (live) emit({ type: 'disconnect' })
    live = false
  }

  function become(next: StreamStatus): void {
    if (status === next) return
    status = next
    emit({ type: 'status' })
  }

  function over(how: Omit<Extract<Effect, { type: 'over' }>, 'type'>): void {
    disconnect()
    status = 'ended'
    emit({ type: 'over', ...how })
  }

  function emit(effect: Effect): void {
    effects.push(effect)
  }

  return {
    get status() {
      return status
    },
    get link() {
      return link
    },
    get cursor() {
      return place
    },
    get dueMs() {
      return dueMs()
    },
    step(input, atMs) {
      effects = []
      nowMs = atMs
      if (status !== 'ended') take(input)
      return effects
    },
  }
}
