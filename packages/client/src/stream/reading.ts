import type { EndEvent, SluiceError, StreamEvent } from '@sluice/core'

import { createEventRing, type EventRing } from '../buffer/event-ring.ts'
import { createEnvironment, type Environment } from '../clock/environment.ts'
import { newId } from '../clock/new-id.ts'
import { ClientError, cutError } from '../errors/client-error.ts'
import { endIn, type Link, type LinkListener, type StreamFacts, type Way } from '../link/link.ts'
import { eventsBefore } from '../machine/place.ts'
import type { Effect, Input, LinkInput, StreamStatus } from '../machine/resume-input.ts'
import { createResumeMachine, type ResumeMachine } from '../machine/resume-machine.ts'
import { createAlarm } from './alarm.ts'
import type { Bookmark } from './bookmark.ts'
import type { ClientHeaders, ResolvedClientOptions } from './client-options.ts'
import { createListeners } from './listeners.ts'
import type { ReadingStart } from './reading-start.ts'
import { createUnplaced } from './unplaced.ts'

const NOWHERE = 'It has no Content-Location.'
const NO_CREDENTIAL = '"authorize" failed.'

/**
 * One reading of a stream, over as many connections as it takes. It carries out what a machine without I/O decides:
 * connections, its one timer, credentials, the buffer.
 */
export abstract class Reading {
  /** True when the beginning was asked for, and is not kept any more, or `now` was: what comes is no whole. */
  headless = false
  readonly #ended = Promise.withResolvers<EndEvent>()
  readonly #located = Promise.withResolvers<string>()
  /** The stream's end; rejects where reading is over without one. */
  readonly ended: Promise<EndEvent> = this.#ended.promise
  /** Settles when its reader takes more: asked after each piece of the network. @internal */
  rest: (() => Promise<void> | undefined) | undefined
  protected readonly name: string = newId()
  protected readonly options: ResolvedClientOptions
  protected readonly environment: Environment
  protected readonly ring: EventRing
  /** Where the stream can be read, once that is known; rejects where it never will. */
  protected readonly located: Promise<string> = this.#located.promise
  protected wake: (() => void) | undefined
  readonly #start: ReadingStart
  readonly #machine: ResumeMachine
  readonly #unplaced = createUnplaced()
  readonly #listeners = createListeners()
  readonly #alarm: (dueMs: number) => void
  #release: (() => void)[] = []
  #facts: StreamFacts = {}
  #credential: ClientHeaders | undefined
  #link: Link | undefined
  #incoming: StreamEvent | undefined
  #isPaused = false
  #end: EndEvent | undefined
  #error: SluiceError | undefined

  /** @internal */
  constructor(
    options: ResolvedClientOptions,
    start: ReadingStart,
    environment: Environment = createEnvironment(options.fetch),
  ) {
    const { resume, buffer, authorize, signal, onStatus } = options
    const { url, cursor } = start
    this.options = options
    this.environment = environment
    this.ring = createEventRing(buffer, cursor)
    this.#start = start
    this.#machine = createResumeMachine({ ...resume, ...start, random: environment.random, authorizes: !!authorize })
    // Whoever asks is told.
    for (const asked of [this.ended, this.located]) asked.catch(() => undefined)
    this.#alarm = createAlarm(environment, () => this.#step({ type: 'timer' }))
    this.#learn({ url })
    if (onStatus) this.subscribe(() => onStatus(this.status, this.way))
    const leave = (): void => this.detach()
    signal?.addEventListener('abort', leave)
    this.#release = [
      () => signal?.removeEventListener('abort', leave),
      environment.onNetwork((type) => this.#step({ type })),
    ]
    this.#step({ type: 'begin' })
    if (signal?.aborted) leave()
  }

  get status(): StreamStatus {
    return this.#machine.status
  }

  /** How it is read at present; with {@link Reading.status} it is told whenever it changes. */
  get way(): Way {
    return this.#link?.way ?? this.options.transport
  }

  /** The stream's id, once it is known. */
  get id(): string | undefined {
    return this.#facts.id
  }

  /** What is stored with the stream, once it is known. */
  get meta(): Readonly<Record<string, unknown>> | undefined {
    return this.#facts.meta
  }

  /** Everything up to here was read. */
  get cursor(): string | undefined {
    return this.ring.cursor
  }

  /** Where to go on later, after a reload, on another device: for `attach`. Nothing until the stream is known. */
  get bookmark(): Bookmark | undefined {
    const { url } = this.#facts
    return url === undefined ? undefined : { url, cursor: this.cursor }
  }

  /** The stream's end, once it has come. */
  get end(): EndEvent | undefined {
    return this.#end
  }

  /** Why reading is over without an end. */
  get error(): SluiceError | undefined {
    return this.#error
  }

  /** Calls `listener` whenever `status` or `way` has changed; gives what stops that. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Makes the connection anew, after what has come; credit is for a reading that has a name, as all but the first one have. */
  reattach(): void {
    const { link, cursor } = this.#machine
    // It is not known yet which stream it is.
    if (cursor === undefined) return
    this.#step({ type: 'link', link, said: { type: 'closed', code: 'rotate', cursor } })
  }

  /** Leaves this reading; the stream may go on for others. Idempotent. */
  detach(): void {
    this.#step({ type: 'detach' })
  }

  protected get headers(): ClientHeaders {
    return { ...this.options.headers, ...this.#credential }
  }

  /** Says that the buffer may have room. */
  protected taken(): void {
    if (this.#isPaused && this.ring.hasRoom) this.#setPaused(false)
  }

  /** Asks for another credential. */
  protected async renew(): Promise<void> {
    this.#credential = await this.options.authorize?.()
  }

  #step(input: Input): void {
    for (const effect of this.#machine.step(input, this.environment.now())) this.#perform(effect)
    this.#alarm(this.#machine.dueMs)
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect.link, effect.cursor)
      case 'disconnect':
        return this.#link?.close()
      case 'deliver':
        if (this.#incoming) this.ring.push(this.#incoming, this.#machine.cursor)
        if (!this.#isPaused && this.ring.isFull) this.#setPaused(true)
        return this.wake?.()
      case 'authorize':
        return void this.renew().then(
          () => this.#step({ type: 'authorized' }),
          (cause: unknown) => {
            const error = new ClientError('SLUICE_ERR_UNAUTHORIZED', NO_CREDENTIAL, { status: 401, cause })
            this.#step({ type: 'unauthorized', error })
          },
        )
      case 'status':
        if (this.status === 'waiting') {
          // Whoever would cancel it is told, not kept waiting.
          if (!this.#facts.url) this.#located.reject(cutError(NOWHERE))
          // Before its first event a reading is where it began.
          if (!this.#start.cursor) this.headless = eventsBefore((this.ring.cursor ??= this.#machine.cursor)) > 0
        }
        return this.#listeners.tell()
      case 'over':
        return this.#over(effect)
      default:
        effect satisfies never
    }
  }

  #connect(link: number, cursor: string | undefined): void {
    const { transport, credentials } = this.options
    const { start, query } = this.#start
    const { environment, headers } = this
    const said = (input: LinkInput): void => this.#step({ type: 'link', link, said: input })
    const listener: LinkListener = {
      said,
      learned: (facts) => this.#learn(facts),
      event: (event, after) => {
        try {
          this.#incoming = this.#unplaced.news(event, after, this.#machine.cursor)
        } catch (error) {
          return said({ type: 'refused', error: error as SluiceError })
        }
        said({ type: 'event', cursor: after, end: endIn(event) })
      },
    }
    const { url } = this.#facts
    this.#unplaced.begin(cursor)
    const before = this.#link?.way
    const asked = { ...this.options.query, ...query, reader: this.name }
    const request = { start, url, cursor, query: asked, headers, credentials, environment, rest: () => this.rest?.() }
    this.#link = transport.open(request, listener)
    this.#link.setPaused(this.#isPaused)
    if (before !== this.#link.way) this.#listeners.tell()
  }

  #setPaused(paused: boolean): void {
    this.#isPaused = paused
    this.#link?.setPaused(paused)
    this.#step({ type: 'paused', paused })
  }

  #learn(facts: StreamFacts): void {
    for (const [name, fact] of Object.entries(facts)) if (fact !== undefined) this.#facts[name as 'id'] = fact as string
    const { url } = this.#facts
    if (url !== undefined) this.#located.resolve(url)
  }

  #over({ end, error }: Extract<Effect, { type: 'over' }>): void {
    this.#end = end
    this.#error = error
    for (const release of this.#release) release()
    const failure = error ?? cutError('Its reader left.')
    if (end) this.#ended.resolve(end)
    else this.#ended.reject(failure)
    this.#located.reject(failure)
    this.wake?.()
    this.#listeners.tell()
  }
}
