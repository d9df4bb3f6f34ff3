import { Cleanup } from './cleanup.ts'
import { Deadline, type Due } from '../clock/deadlines.ts'
import { completeEnd, endOf, errorOfEnd, failedEnd, isOver, lostEnd } from '../log/end.ts'
import type { ProducerContext } from './producer-context.ts'
import { SluiceError } from '../events/errors.ts'
import type { EndCause, EndEvent } from '../events/event.ts'
import { ForcedEnd } from './forced-end.ts'
import type { Json } from '../events/json.ts'
import {
  beginLifecycle,
  type LifecycleState,
  nextDueMs,
  stepLifecycle,
  type LifecycleCommand,
} from './lifecycle-machine.ts'
import type { LogWatcher } from '../log/log-listeners.ts'
import { countReaders } from '../reader/reader.ts'
import type { ClosedCode } from '../events/codes.ts'
import { Pump } from '../source/pump.ts'
import type { PumpHost, Rewrite } from '../source/pump-host.ts'
import type { Source } from '../source/source.ts'
import { HostedSourceContext, type SourceHost } from '../source/context.ts'
import type { StoredStream } from '../store/store.ts'
import type { ResolvedStreamOptions } from '../store/stream-options.ts'

/** What a producer works with, besides its context and its stream. */
export interface ProducerParts {
  options: ResolvedStreamOptions
  /** Gives the stream's place in the limits back. */
  release: () => void
  rewrite: Rewrite | undefined
}

/** A stream that is produced here: its pump, its lifecycle, and the way its end comes about. */
export class Producer implements PumpHost, LogWatcher, SourceHost, Due {
  readonly context: ProducerContext
  readonly stored: StoredStream
  readonly #options: ResolvedStreamOptions
  readonly #release: () => void
  readonly #pump: Pump
  readonly #lent: HostedSourceContext
  readonly #deadline: Deadline = new Deadline(this)
  #lifecycle: LifecycleState
  #isOpen = false
  /** What those wait for who want the source open; made for the first of them. */
  #opening: PromiseWithResolvers<EndEvent | undefined> | undefined
  /** Made when one is asked for: most streams are ended by their source. */
  #forced: ForcedEnd | undefined
  #cleanup: Cleanup | undefined

  constructor(context: ProducerContext, stored: StoredStream, { options, release, rewrite }: ProducerParts) {
    this.context = context
    this.stored = stored
    this.#options = options
    this.#release = release
    this.#lifecycle = beginLifecycle(options, context.scheduler.now())
    const { log } = stored
    this.#lent = new HostedSourceContext(this)
    this.#pump = new Pump(context.scheduler, { log, owner: this, options, rewrite })
    this.#pump.runsWithoutReaders = options.onDisconnect === 'continue'
    log.watchers.add(this)
    // A stream that is taken over may have its readers already.
    if (log.attended) this.readersChanged()
    else this.#watch()
  }

  /** Sets the source going. */
  run(source: Source): void {
    void this.#pump.run(source, this.#lent)
  }

  /** Settles when the source has come to rest and the result is settled. Never rejects. */
  settled(): Promise<void> {
    return this.#after.settled()
  }

  sourceStopped(): void {
    this.#release()
    this.#after.sourceStopped()
  }

  /** Ends this stream, whatever its source does. Never rejects: what the store does not take is tried again. */
  close(cause: EndCause, limit?: string): Promise<void> {
    return this.#forcedEnd.close(cause, limit)
  }

  get #forcedEnd(): ForcedEnd {
    this.#forced ??= new ForcedEnd(this.context, this.stored)
    return this.#forced
  }

  get #after(): Cleanup {
    this.#cleanup ??= new Cleanup(this.context, this.stored)
    return this.#cleanup
  }

  /** Settles when the source is open; with the end, when the stream is over before that. */
  opened(): Promise<EndEvent | undefined> {
    if (this.#isOpen) return Promise.resolve(undefined)
    if (isOver(this.stored.log)) return endOf(this.stored.log)
    this.#opening ??= Promise.withResolvers()
    return this.#opening.promise
  }

  sourceOpened(): void {
    this.#isOpen = true
    this.stored.timing.openMs = this.#elapsedMs()
    this.context.observers.notify('opened', this.stored.facts, { timing: this.stored.timing })
    this.#opening?.resolve(undefined)
    this.#opening = undefined
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
    // The end has what may be told of it; here is the rest.
    this.context.observers.notify('failed', this.stored.facts, { where: 'source', error })
    this.stored.log.append(failedEnd(this.stored.log, this.context.explain(error)))
  }

  listenerFailed(error: unknown): void {
    this.context.observers.notify('failed', this.stored.facts, { where: 'abort listener', error })
  }

  readersChanged(): void {
    const { log } = this.stored
    const reading = countReaders(log)
    const returning = log.readers.size - reading
    const nowMs = this.context.scheduler.now()
    this.#command({ type: 'readers', count: reading + log.remoteReaders, returning, nowMs })
    if (isOver(log)) return
    this.#pump.runsWithoutReaders = this.#options.onDisconnect === 'continue' || this.#lifecycle.attachedOnce
    this.#pump.resumeIfRoom()
    this.#watch()
  }

  message(message: Json): boolean {
    return this.#lent.tell(message)
  }

  furthestMoved(): void {
    this.#pump.resumeIfRoom()
  }

  ended(end: EndEvent): void {
    const { facts, log, timing } = this.stored
    timing.durationMs ??= this.#elapsedMs()
    this.#stop(end.complete ? undefined : errorOfEnd(end), end)
    this.context.observers.notify('ended', facts, { end, events: log.lastSeq, bytes: log.totalBytes, timing })
    this.#after.begin({ settles: true })
  }

  /** Contract 5: what this source still says counts no more. Whoever has the stream now ends and settles it. */
  lost(code: ClosedCode): void {
    const reason = new SluiceError('SLUICE_ERR_INTERRUPTED', `This process has lost the stream (${code}).`)
    this.#stop(reason, lostEnd(this.stored.log, code))
    this.context.observers.notify('lost', this.stored.facts, { code })
    this.#after.begin({ settles: false })
  }

  #stop(reason: SluiceError | undefined, end: EndEvent): void {
    this.#command({ type: 'over' })
    this.context.scheduler.cancel(this.#deadline)
    this.#forced?.callOff()
    this.#opening?.resolve(end)
    this.#lent.takeBack(reason)
    if (reason) this.#pump.stop(reason)
  }

  touch(): void {
    this.#pump.touch()
  }

  #command(command: LifecycleCommand): void {
    const { state, verdict } = stepLifecycle(this.#options, this.#lifecycle, command)
    this.#lifecycle = state
    if (verdict) this.#forcedEnd.carryOut(verdict)
  }

  #watch(): void {
    const dueMs = nextDueMs(this.#options, this.#lifecycle, this.#pump)
    this.#pump.watchedUntilMs = dueMs
    this.context.scheduler.schedule(this.#deadline, dueMs)
  }

  /** A deadline is due: the source's or the readers'. */
  due(): void {
    if (isOver(this.stored.log)) return
    this.#command({ type: 'tick', nowMs: this.context.scheduler.now(), source: this.#pump })
    if (!isOver(this.stored.log) && !this.#forced?.underWay) this.#watch()
  }

  #elapsedMs(): number {
    return this.context.scheduler.now() - this.#lifecycle.startedMs
  }
}
