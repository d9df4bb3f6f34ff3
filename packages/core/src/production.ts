import { Deadline, type Due } from './deadlines.ts'
import { completeEnd, cutEnd, errorOfEnd, failedEnd } from './end.ts'
import type { Engine } from './engine.ts'
import { SluiceError } from './errors.ts'
import type { EndCause, EndEvent } from './event.ts'
import { Inbox } from './inbox.ts'
import type { Json } from './json.ts'
import {
  beginLifecycle,
  type LifecycleState,
  type LifecycleVerdict,
  nextDueMs,
  stepLifecycle,
  type LifecycleCommand,
} from './lifecycle-machine.ts'
import type { Log } from './log.ts'
import type { LogWatcher } from './log-parties.ts'
import type { ClosedCode } from './notice.ts'
import { Pump } from './pump.ts'
import type { PumpOwner, Rewrite } from './pump-parties.ts'
import { resultOf, runSettle } from './settlement.ts'
import type { Source } from './source.ts'
import { HostedSourceContext, type SourceHost } from './source-context.ts'
import type { StoredStream } from './store.ts'
import type { ResolvedStreamOptions } from './stream-options.ts'

/** How long the source's own code may take to come to rest once nobody wants it any more. */
const SOURCE_REST_MS = 5_000

/** When an end that the store could not take is tried again. */
const CLOSE_AGAIN_MS = 1_000

const NOBODY: readonly never[] = []

/** What a production works with, besides its engine and its stream. */
export interface ProductionParts {
  options: ResolvedStreamOptions
  /** Gives the stream's place in the limits back. */
  release: () => void
  rewrite: Rewrite | undefined
}

/** A stream that is produced here: its pump, its lifecycle, and the way its end comes about. */
export class Production implements PumpOwner, LogWatcher, SourceHost, Due {
  readonly engine: Engine
  readonly stored: StoredStream
  #inbox: Inbox | undefined
  readonly #options: ResolvedStreamOptions
  readonly #release: () => void
  readonly #pump: Pump
  readonly #deadline: Deadline = new Deadline(this)
  #lifecycle: LifecycleState
  #controller: AbortController | undefined
  #isOpen = false
  #openWaiters: readonly ((end: EndEvent | undefined) => void)[] = NOBODY
  #atRest = false
  #settlement: Promise<void> | undefined
  /** True while the lifecycle's own close is under way: asking again would not hasten it. */
  #closing = false
  /** An end that the store has failed to take. */
  #owed: LifecycleVerdict
  #tellSettled: ((settlement: Promise<void> | undefined) => void) | undefined
  /** Text that an earlier producer of this stream had given. */
  readonly prefix: string

  constructor(engine: Engine, stored: StoredStream, { options, release, rewrite }: ProductionParts) {
    this.engine = engine
    this.stored = stored
    this.#options = options
    this.#release = release
    this.#lifecycle = beginLifecycle(options, engine.hub.now())
    const { log } = stored
    this.prefix = log.lastSeq === 0 ? '' : textOf(log)
    this.#pump = new Pump(engine.hub, { log, owner: this, options, rewrite })
    this.#pump.runsUnread = options.onDisconnect === 'continue'
    log.watchers.add(this)
    // A stream that is taken over may have its readers already.
    if (log.attended) this.readersChanged()
    else this.#watch()
  }

  /** Sets the source going. */
  run(source: Source): void {
    void this.#pump.run(source, new HostedSourceContext(this))
  }

  /** Settles when the source has come to rest and the result is settled. Never rejects. */
  settled(): Promise<void> {
    return new Promise((resolve) => (this.#tellSettled = resolve))
  }

  sourceRested(): void {
    this.#atRest = true
    this.#release()
    if (this.over) this.#leave()
  }

  /** True once nothing more will be said here: the end is stored, or the stream is lost. */
  get over(): boolean {
    const { end, lost } = this.stored.log
    return end !== undefined || lost !== undefined
  }

  /** The source has come to rest, and its stream too. */
  #leave(): void {
    const { engine, stored } = this
    engine.hub.cancel(this.#deadline)
    engine.productions.delete(stored.facts.id)
    this.#tellSettled?.(this.#settlement)
  }

  /** Ends this stream in the same fenced step that any other process would take. Never rejects: it is tried again. */
  async close(cause: EndCause, limit?: string): Promise<void> {
    const { engine, stored } = this
    const { facts, log } = stored
    if (log.end) return
    try {
      const end = cutEnd(log, cause, limit)
      const unlessAttended = cause === 'disconnect'
      const closing = await engine.store.close(facts, end, { unlessAttended, epoch: log.epoch })
      if (closing.is === 'missing') log.lose('storage')
    } catch (error) {
      engine.observers.tell('failed', facts, { where: 'store', error })
      if (this.over) return
      this.#owed = { end: cause, limit: limit ?? '' }
      engine.hub.schedule(this.#deadline, engine.hub.now() + CLOSE_AGAIN_MS)
    }
  }

  /** Settles when the source is open; with the end, when the stream is over before that. */
  opened(): Promise<EndEvent | undefined> {
    const { end, lost } = this.stored.log
    if (this.#isOpen) return Promise.resolve(undefined)
    if (end) return Promise.resolve(end)
    if (lost) return Promise.resolve(this.#endOfLost(lost))
    return new Promise((resolve) => (this.#openWaiters = [...this.#openWaiters, resolve]))
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
    this.#watch()
  }

  sourceFinished(): void {
    this.stored.timing.durationMs = this.#elapsedMs()
    this.stored.log.append(completeEnd(this.stored.log))
  }

  sourceFailed(error: unknown): void {
    this.stored.timing.durationMs = this.#elapsedMs()
    this.stored.log.append(failedEnd(this.stored.log, this.engine.explain(error)))
  }

  readersChanged(): void {
    const { log } = this.stored
    const count = log.readers.size + log.remoteReaders
    this.#command({ type: 'readers', count, nowMs: this.engine.hub.now() })
    if (this.over) return
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
    const { observers, settle } = this.engine
    const { facts, log, timing } = this.stored
    timing.durationMs ??= this.#elapsedMs()
    this.#stop(end.complete ? undefined : errorOfEnd(end), end)
    observers.tell('ended', facts, { end, events: log.lastSeq, bytes: log.totalBytes, timing })
    if (settle) this.#settlement = this.#settle()
    if (this.#atRest) this.#leave()
  }

  /** Contract 5: what this source still says counts no more. Whoever has the stream now ends and settles it. */
  lost(code: ClosedCode): void {
    const reason = new SluiceError('SLUICE_ERR_INTERRUPTED', `This process has lost the stream (${code}).`)
    this.#stop(reason, this.#endOfLost(code))
    if (this.#atRest) this.#leave()
  }

  /** What is said here of a stream that was lost; its end, if it gets one, is another's business. */
  #endOfLost(code: ClosedCode): EndEvent {
    return cutEnd(this.stored.log, code === 'epoch' ? 'lease' : 'storage')
  }

  #stop(reason: SluiceError | undefined, end: EndEvent): void {
    const { hub } = this.engine
    this.#command({ type: 'over' })
    this.#inbox?.close()
    this.#answerOpen(end)
    if (reason) {
      this.#controller?.abort(reason)
      this.#pump.stop(reason)
    }
    // From here on the deadline bounds how long the source's own code takes to come to rest.
    if (!this.#atRest) hub.schedule(this.#deadline, hub.now() + SOURCE_REST_MS)
  }

  async #settle(): Promise<void> {
    const { hub, observers, settle, store } = this.engine
    if (!(await runSettle(resultOf(this.stored), settle!, hub, observers))) return
    try {
      await store.settled?.(this.stored.facts)
    } catch (error) {
      observers.tell('failed', this.stored.facts, { where: 'store', error })
    }
  }

  /** Made on first use: many sources never look at it, and it is the dearest object of an idle stream. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      const { end, lost } = this.stored.log
      if (end && !end.complete) this.#controller.abort(errorOfEnd(end))
      if (lost) this.#controller.abort(new SluiceError('SLUICE_ERR_INTERRUPTED', 'This process has lost the stream.'))
    }
    return this.#controller.signal
  }

  get inbox(): Inbox {
    if (!this.#inbox) {
      this.#inbox = new Inbox()
      if (this.over) this.#inbox.close()
    }
    return this.#inbox
  }

  touch(): void {
    this.#pump.touch()
  }

  #command(command: LifecycleCommand): void {
    const { state, verdict } = stepLifecycle(this.#options, this.#lifecycle, command)
    this.#lifecycle = state
    if (verdict) this.#carryOut(verdict)
  }

  #carryOut({ end, limit }: NonNullable<LifecycleVerdict>): void {
    if (this.#closing) return
    this.#closing = true
    this.#owed = undefined
    void this.close(end, limit).finally(() => (this.#closing = false))
  }

  #watch(): void {
    const dueMs = nextDueMs(this.#options, this.#lifecycle, this.#pump)
    this.#pump.watchedUntilMs = dueMs
    this.engine.hub.schedule(this.#deadline, dueMs)
  }

  /** A deadline is due: the source's, the readers', or that of the source's clean-up. */
  due(): void {
    if (this.over) {
      if (!this.#atRest) this.engine.observers.tell('sourceLeaked', this.stored.facts)
      return
    }
    this.#command({ type: 'tick', nowMs: this.engine.hub.now(), source: this.#pump })
    const owed = this.#owed
    if (owed && !(owed.end === 'disconnect' && this.stored.log.attended)) this.#carryOut(owed)
    if (!this.over && !this.#closing) this.#watch()
  }

  #answerOpen(end: EndEvent | undefined): void {
    const waiters = this.#openWaiters
    this.#openWaiters = NOBODY
    for (const answer of waiters) answer(end)
  }

  #elapsedMs(): number {
    return this.engine.hub.now() - this.#lifecycle.startedMs
  }
}

/** The text of choice 0 that `log` holds. */
function textOf(log: Log): string {
  let text = ''
  for (const { event } of log.read(log.firstSeq - 1, Infinity))
    if (event.type === 'text' && !event.choice) text += event.text
  return text
}
