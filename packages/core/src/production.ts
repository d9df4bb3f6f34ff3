import { Deadline } from './deadlines.ts'
import { completeEnd, cutEnd, errorOfEnd, failedEnd } from './end.ts'
import type { Engine } from './engine.ts'
import type { EndCause, EndEvent } from './event.ts'
import { Inbox } from './inbox.ts'
import type { Json } from './json.ts'
import {
  beginLifecycle,
  type LifecycleState,
  nextDueMs,
  pullDueMs,
  stepLifecycle,
  type LifecycleCommand,
} from './lifecycle-machine.ts'
import type { LogWatcher } from './log.ts'
import { Pump, type PumpOwner, type Rewrite } from './pump.ts'
import { resultOf, runSettle } from './settlement.ts'
import type { Source, SourceContext } from './source.ts'
import type { StoredStream } from './store.ts'
import type { ResolvedStreamOptions } from './stream-options.ts'

/** How long the source's own code may take to come to rest once nobody wants it any more. */
const SOURCE_REST_MS = 5_000

/** What a production works with, besides its engine and its stream. */
export interface ProductionParts {
  options: ResolvedStreamOptions
  /** Gives the stream's place in the limits back. */
  release: () => void
  rewrite: Rewrite | undefined
}

/** A stream that is produced here: its pump, its lifecycle, and the way its end comes about. */
export class Production implements PumpOwner, LogWatcher {
  readonly engine: Engine
  readonly stored: StoredStream
  readonly inbox: Inbox = new Inbox()
  readonly #options: ResolvedStreamOptions
  readonly #release: () => void
  readonly #pump: Pump
  readonly #deadline: Deadline = new Deadline(() => this.#tick())
  readonly #startedMs: number
  #lifecycle: LifecycleState
  #controller: AbortController | undefined
  #isOpen = false
  #openWaiters: ((end: EndEvent | undefined) => void)[] = []
  #atRest = false
  #settlement: Promise<void> | undefined

  constructor(engine: Engine, stored: StoredStream, { options, release, rewrite }: ProductionParts) {
    this.engine = engine
    this.stored = stored
    this.#options = options
    this.#release = release
    this.#startedMs = engine.hub.now()
    this.#lifecycle = beginLifecycle(options, this.#startedMs)
    const { log } = stored
    this.#pump = new Pump(engine.hub, { log, owner: this, options, rewrite })
    this.#pump.runsUnread = options.onDisconnect === 'continue'
    log.watchers.add(this)
    this.#watch()
  }

  /** Sets the source going. Settles when its code has come to rest and the result is settled. Never rejects. */
  async run(source: Source): Promise<void> {
    const { engine, stored } = this
    await this.#pump.run(source, this.#context())
    this.#atRest = true
    if (stored.log.end) engine.hub.cancel(this.#deadline)
    this.#release()
    engine.productions.delete(stored.facts.id)
    await this.#settlement
  }

  /** Ends this stream in the same fenced step that any other process would take. */
  async close(cause: EndCause, limit?: string): Promise<void> {
    const { facts, log } = this.stored
    if (!log.end) await this.engine.store.close(facts.id, cutEnd(log, cause, limit))
  }

  /** Settles when the source is open; with the end, when the stream is over before that. */
  opened(): Promise<EndEvent | undefined> {
    const { end } = this.stored.log
    if (this.#isOpen || end) return Promise.resolve(this.#isOpen ? undefined : end)
    return new Promise((resolve) => this.#openWaiters.push(resolve))
  }

  sourceOpened(): void {
    this.#isOpen = true
    this.stored.timing.openMs = this.#elapsedMs()
    this.engine.observers.tell('opened', this.stored.facts, { timing: this.stored.timing })
    this.#answerOpen(undefined)
  }

  sourceBegan(): void {
    this.stored.timing.firstEventMs = this.#elapsedMs()
  }

  sourcePulled(): void {
    if (pullDueMs(this.#options, this.#pump) < this.#deadline.atMs) this.#watch()
  }

  sourceFinished(): void {
    this.stored.log.append(completeEnd(this.stored.log))
  }

  sourceFailed(error: unknown): void {
    this.stored.log.append(failedEnd(this.stored.log, this.engine.explain(error)))
  }

  readersChanged(): void {
    this.#command({ type: 'readers', count: this.stored.log.readers.size, nowMs: this.engine.hub.now() })
    if (this.stored.log.end) return
    this.#pump.runsUnread = this.#options.onDisconnect === 'continue' || this.#lifecycle.attachedOnce
    this.#pump.roomMade()
    this.#watch()
  }

  message(message: Json): boolean {
    return this.inbox.push(message)
  }

  furthestMoved(): void {
    this.#pump.roomMade()
  }

  ended(end: EndEvent): void {
    const { hub, observers, settle } = this.engine
    const { facts, log, timing } = this.stored
    this.#command({ type: 'over' })
    timing.durationMs = this.#elapsedMs()
    this.inbox.close()
    this.#answerOpen(end)
    if (!end.complete) {
      const reason = errorOfEnd(end)
      this.#controller?.abort(reason)
      this.#pump.stop(reason)
    }
    // From here on the deadline bounds how long the source's own code takes to come to rest.
    if (!this.#atRest) hub.schedule(this.#deadline, hub.now() + SOURCE_REST_MS)
    observers.tell('ended', facts, { end, events: log.lastSeq, bytes: log.totalBytes, timing })
    if (settle) this.#settlement = runSettle(resultOf(this.stored), settle, hub, observers)
  }

  #context(): SourceContext {
    const { facts } = this.stored
    const controller = (): AbortController => (this.#controller ??= this.#makeController())
    return {
      id: facts.id,
      meta: facts.meta,
      // Made on first use: many sources never look at it, and it is the dearest object of an idle stream.
      get signal() {
        return controller().signal
      },
      inbox: this.inbox,
      touch: () => this.#pump.touch(),
      prefix: '',
    }
  }

  #makeController(): AbortController {
    const controller = new AbortController()
    const { end } = this.stored.log
    if (end && !end.complete) controller.abort(errorOfEnd(end))
    return controller
  }

  #command(command: LifecycleCommand): void {
    const { state, verdict } = stepLifecycle(this.#options, this.#lifecycle, command)
    this.#lifecycle = state
    if (verdict) void this.close(verdict.end, verdict.limit)
  }

  #watch(): void {
    this.engine.hub.schedule(this.#deadline, nextDueMs(this.#options, this.#lifecycle, this.#pump))
  }

  #tick(): void {
    if (this.stored.log.end) {
      if (!this.#atRest) this.engine.observers.tell('sourceLeaked', this.stored.facts)
      return
    }
    this.#command({ type: 'tick', nowMs: this.engine.hub.now(), source: this.#pump })
    if (!this.stored.log.end) this.#watch()
  }

  #answerOpen(end: EndEvent | undefined): void {
    const waiters = this.#openWaiters
    this.#openWaiters = []
    for (const answer of waiters) answer(end)
  }

  #elapsedMs(): number {
    return this.engine.hub.now() - this.#startedMs
  }
}
