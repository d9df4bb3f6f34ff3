import type { SluiceError } from '../events/errors.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import { EventNormalizer } from './normalize-events.ts'
import type { SourceProgress } from './source-progress.ts'
import type { Log } from '../log/log.ts'
import type { PumpHost, PumpParts, Rewrite } from './pump-host.ts'
import type { Logged } from '../log/segment.ts'
import type { Source, SourceContext } from './source.ts'
import { type SourceIterator, toSourceIterator } from './iterator.ts'

const UNUSED = (): void => {}

/** The only code that pulls a source, stops pulling, and stops it for good. */
export class Pump implements SourceProgress {
  pullSinceMs: number = Infinity
  yielded = false
  readonly #scheduler: Scheduler
  readonly #log: Log
  readonly #owner: PumpHost
  readonly #windowBytes: number
  /** How far ahead of its store a stream may be: what is not there yet cannot be trimmed here. */
  readonly #unstoredBytes: number
  readonly #firstTokenMs: number
  readonly #idleMs: number
  /** What the source gives goes in here … */
  readonly #normalizer: EventNormalizer
  /** … and comes out there, into the log; the same thing when there are no transforms. */
  readonly #admitted: EventNormalizer
  readonly #rewrite: Rewrite | undefined
  /** What a transform makes is as little to be trusted as what a source gives. */
  #admit: (event: Logged) => void = UNUSED
  #iterator: SourceIterator | undefined
  #isOpen = false
  #stopped = false
  #roomWanted: (() => void) | undefined
  #pulledSeq = -1
  #silentSinceMs = 0

  constructor(scheduler: Scheduler, { log, owner, options, rewrite }: PumpParts) {
    this.#scheduler = scheduler
    this.#log = log
    this.#owner = owner
    this.#windowBytes = options.windowBytes
    this.#unstoredBytes = Math.max(options.windowBytes, options.retentionBytes / 2)
    this.#firstTokenMs = options.deadlines.firstTokenMs || Infinity
    this.#idleMs = options.deadlines.idleMs || Infinity
    this.#rewrite = rewrite
    if (rewrite) this.#admit = (event) => this.#admitted.accept(event)
    const { maxEventBytes, retentionBytes, maxDataBytes = Math.floor(retentionBytes / 4) } = options
    const limits = { maxEventBytes, maxDataBytes }
    this.#admitted = new EventNormalizer(limits, log)
    this.#normalizer = rewrite
      ? new EventNormalizer(limits, { append: (event) => rewrite(event, this.#admit) })
      : this.#admitted
  }

  /** Runs the source to its end, and tells its owner when all of the source's own code has come to rest. Never rejects. */
  async run(source: Source, context: SourceContext): Promise<void> {
    try {
      this.#pulling()
      const returned = source(context)
      this.#iterator = toSourceIterator(await returned)
      this.pullSinceMs = Infinity
      // A generator has done nothing yet when its function returns: it is open with its first item.
      if (returned instanceof Promise && !this.#stopped) this.#open()
      const { items } = this.#iterator
      while (!this.#stopped) {
        if (!this.#hasRoom()) await this.#room()
        if (this.#stopped) break
        this.#pulling()
        let pulled: IteratorResult<unknown> | undefined = await items.next()
        this.pullSinceMs = Infinity
        if (this.#stopped) break
        if (!this.#isOpen) this.#open()
        if (pulled.done) return this.#finish()
        const many = this.#acceptOne(pulled.value)
        // What waits for the next item must not hold on to this one, nor to what it was cut from.
        pulled = undefined
        if (many) await many
        // The event loop gets its chance even if the source never waits for anything.
        if (!this.#scheduler.takeItem()) await this.#scheduler.nextTurn()
      }
      await this.#iterator.stop(undefined)
    } catch (error) {
      this.pullSinceMs = Infinity
      if (!this.#stopped) this.#owner.sourceFailed(error)
    } finally {
      this.#owner.sourceStopped()
    }
  }

  /** Nothing the source gives from now on is taken. The signal is the owner's business. */
  stop(reason: SluiceError): void {
    if (this.#stopped) return
    this.#stopped = true
    this.pullSinceMs = Infinity
    this.resumeIfRoom()
    // A generator hears this only when its pending wait ends; the run above waits for that, and its owner not too long.
    this.#iterator?.stop(reason).catch(() => {})
  }

  /** A reader has moved, come or gone: the source may be pulled again if there is room. */
  resumeIfRoom(): void {
    if (!this.#roomWanted) return
    const goes = this.#stopped || this.#hasRoom()
    this.#log.holdWindow(!goes && !this.#hasWindow())
    if (!goes) return
    const go = this.#roomWanted
    this.#roomWanted = undefined
    go()
  }

  /** The source says it is still working: the deadline that runs, for the first token or for silence, begins anew. */
  touch(): void {
    if (this.pullSinceMs === Infinity) return
    this.#pulledSeq = -1
    this.#pulling()
  }

  #hasRoom(): boolean {
    const log = this.#log
    return log.totalBytes - log.storedBytes < this.#unstoredBytes && this.#hasWindow()
  }

  /** How far ahead of its readers the source may be; a stream without readers decides for itself. */
  #hasWindow(): boolean {
    const log = this.#log
    if (!log.attended && this.runsWithoutReaders) return true
    return log.totalBytes - log.furthestBytes < this.#windowBytes
  }

  /** Set by the owner: when it looks at the source again anyway. */
  watchedUntilMs: number = Infinity

  /** Set by the owner: with no reader attached the source goes on (policy `continue`, or within grace). */
  runsWithoutReaders = false

  #finish(): void {
    this.#normalizer.flush()
    if (this.#rewrite) {
      this.#rewrite(undefined, this.#admit)
      this.#admitted.flush()
    }
    this.#owner.sourceFinished()
  }

  async #acceptAll(items: readonly unknown[]): Promise<void> {
    for (const item of items) {
      if (!this.#hasRoom()) await this.#room()
      if (!this.#scheduler.takeItem()) await this.#scheduler.nextTurn()
      if (this.#stopped) return
      this.#accept(item)
    }
  }

  /** An array takes as long as its items do. */
  #acceptOne(value: unknown): Promise<void> | undefined {
    if (typeof value !== 'string' && Array.isArray(value)) return this.#acceptAll(value)
    this.#accept(value)
    return undefined
  }

  #accept(item: unknown): void {
    this.#normalizer.accept(item)
    if (this.yielded || this.#log.lastSeq === 0) return
    this.yielded = true
    this.#owner.sourceBegan()
  }

  #open(): void {
    this.#isOpen = true
    this.#owner.sourceOpened()
  }

  /** An item that brings no event is no sign of life: the deadline goes on from the pull before. */
  #pulling(): void {
    const { lastSeq } = this.#log
    if (lastSeq !== this.#pulledSeq) {
      this.#pulledSeq = lastSeq
      this.#silentSinceMs = this.#scheduler.now()
    }
    this.pullSinceMs = this.#silentSinceMs
    const limitMs = this.yielded ? this.#idleMs : this.#firstTokenMs
    if (this.#silentSinceMs + limitMs < this.watchedUntilMs) this.#owner.sourcePulled()
  }

  #room(): Promise<void> {
    this.#pulledSeq = -1
    return new Promise((resolve) => {
      this.#roomWanted = resolve
      this.#log.holdWindow(!this.#hasWindow())
    })
  }
}
