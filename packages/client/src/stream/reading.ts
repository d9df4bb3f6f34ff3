import type { EndEvent, SluiceError, StreamEvent } from '@sluice/core'

import { EventRing } from '../buffer/event-ring.ts'
import { createEnvironment, type Environment } from '../clock/environment.ts'
import { ClientError, cutError } from '../errors/client-error.ts'
import { endIn, type Link, type LinkListener, type StreamFacts } from '../link/link.ts'
import { eventsBefore } from '../machine/place.ts'
import type { Effect, Input, LinkInput, StreamStatus } from '../machine/resume-input.ts'
import { ResumeMachine } from '../machine/resume-machine.ts'
import type { Bookmark } from './bookmark.ts'
import type { ClientHeaders, ResolvedClientOptions } from './client-options.ts'
import { quietly } from './quietly.ts'
import type { ReadingStart } from './reading-start.ts'

const NOWHERE = 'The answer has no Content-Location.'
const NO_CREDENTIAL = 'The option "authorize" gave no credential.'

/**
 * One reading of a stream, over as many connections as it takes. It carries out what a machine without I/O decides:
 * connections, its one timer, credentials, the buffer.
 */
export abstract class Reading {
  /** True when the beginning was asked for, and is not kept any more, or `now` was: what comes is no whole. */
  headless = false
  /** The stream's end; rejects where reading is over without one. */
  readonly ended: Promise<EndEvent>
  protected readonly name: string = crypto.randomUUID()
  protected readonly options: ResolvedClientOptions
  protected readonly environment: Environment
  protected readonly ring: EventRing
  /** Where the stream can be read, once that is known; rejects where it never will. */
  protected readonly located: Promise<string>
  protected wake: (() => void) | undefined
  readonly #start: ReadingStart
  readonly #machine: ResumeMachine
  readonly #ended = Promise.withResolvers<EndEvent>()
  readonly #located = Promise.withResolvers<string>()
  readonly #listeners = new Set<() => void>()
  #release: (() => void)[] = []
  #facts: StreamFacts = {}
  #credential: ClientHeaders = {}
  #link: Link | undefined
  #incoming: StreamEvent | undefined
  #isPaused = false
  #disarm: (() => void) | undefined
  #armedMs = Infinity
  #end: EndEvent | undefined
  #error: SluiceError | undefined

  /** @internal */
  constructor(
    options: ResolvedClientOptions,
    start: ReadingStart,
    environment: Environment = createEnvironment(options.fetch),
  ) {
    const { resume, buffer, authorize, signal, onStatus } = options
    const { url, cursor, repeatable } = start
    this.options = options
    this.environment = environment
    this.ring = new EventRing(buffer, cursor)
    this.#start = start
    const { random } = environment
    this.#machine = new ResumeMachine({ ...resume, random, cursor, repeatable, authorizes: !!authorize })
    this.ended = this.#ended.promise
    this.located = this.#located.promise
    // Whoever asks is told.
    for (const asked of [this.ended, this.located]) asked.catch(() => undefined)
    this.#learn({ url })
    if (onStatus) this.subscribe(() => onStatus(this.status))
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

  /** Calls `listener` whenever `status` has changed; gives what stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
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
    this.#credential = (await this.options.authorize?.()) ?? {}
  }

  #step(input: Input): void {
    for (const effect of this.#machine.step(input, this.environment.now())) this.#perform(effect)
    this.#arm()
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect.link, effect.cursor)
      case 'disconnect':
        return this.#link?.close()
      case 'deliver':
        this.ring.push(this.#incoming!, this.#machine.cursor)
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
        // Whoever would cancel it is told, not kept waiting.
        if (this.status === 'waiting' && !this.#facts.url) this.#located.reject(cutError(NOWHERE))
        // Before its first event a reading is where it began.
        if (this.status === 'waiting' && !this.#start.cursor) {
          this.headless = eventsBefore((this.ring.cursor ??= this.#machine.cursor)) > 0
        }
        return this.#notify()
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
        this.#incoming = event
        said({ type: 'event', cursor: after, end: endIn(event) })
      },
    }
    const asked = { ...this.options.query, ...query, reader: this.name }
    const { url } = this.#facts
    this.#link = transport.open({ start, url, cursor, query: asked, headers, credentials, environment }, listener)
    this.#link.setPaused(this.#isPaused)
  }

  #setPaused(paused: boolean): void {
    this.#isPaused = paused
    this.#link?.setPaused(paused)
    this.#step({ type: 'paused', paused })
  }

  #learn(facts: StreamFacts): void {
    const { url = this.#facts.url, id = this.#facts.id, meta = this.#facts.meta } = facts
    this.#facts = { url, id, meta }
    if (url !== undefined) this.#located.resolve(url)
  }

  #over({ end, error }: Extract<Effect, { type: 'over' }>): void {
    this.#end = end
    this.#error = error
    for (const release of this.#release) release()
    const failure = error ?? cutError('Its reader left the stream before its end.')
    if (end) this.#ended.resolve(end)
    else this.#ended.reject(failure)
    this.#located.reject(failure)
    this.wake?.()
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#listeners) quietly(listener)
  }

  /** One timer. It may ring early: each event that comes only puts off what it would say. */
  #arm(): void {
    const { dueMs } = this.#machine
    if (this.status !== 'ended' && this.#armedMs <= dueMs) return
    this.#disarm?.()
    this.#armedMs = dueMs
    if (dueMs === Infinity) return
    this.#disarm = this.environment.after(Math.max(0, dueMs - this.environment.now()), () => {
      this.#armedMs = Infinity
      this.#step({ type: 'timer' })
    })
  }
}
