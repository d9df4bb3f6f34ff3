import type { Entry } from './entry.ts'
import type { EndEvent, FinishReason, StreamEvent, Usage } from '../events/event.ts'
import { StoreProgress, type LogPersister } from './store-progress.ts'
import type { LogOptions } from './log-options.ts'
import type { LogWatcher } from './log-listeners.ts'
import { LogSummary } from './log-summary.ts'
import type { ClosedCode } from '../events/codes.ts'
import type { Logged } from './segment.ts'
import { CommittedEvents } from './committed-events.ts'

/**
 * One stream's record in this process: events with seqs 1, 2, 3 …, never skipped, ending with one `end`.
 * Readers are shown what is committed. Over the retention cap the head is trimmed.
 */
export class Log extends CommittedEvents {
  readonly streamId: string
  /** The store's side, where there is one. */
  #progress: StoreProgress | undefined
  /** Why nothing more can be read here, if so. */
  lost: ClosedCode | undefined
  end: EndEvent | undefined
  /** The end, appended and not yet in the store. */
  #ending: EndEvent | undefined
  /** Made with the first event that is no plain text. */
  #summary: LogSummary | undefined
  readonly #retentionBytes: number

  constructor(streamId: string, epoch: number, options: LogOptions) {
    super(epoch, options)
    const { retentionBytes, from, followed, shows } = options
    this.streamId = streamId
    this.#retentionBytes = retentionBytes
    if (followed || shows)
      this.#progress = new StoreProgress(followed ? this.lastSeq : Infinity, followed ? 0 : Infinity)
    if (shows) this.#progress!.shows = shows
    if (from?.head || from?.usage) this.#summary = new LogSummary(from.head ?? { usage: from.usage })
    this.end = from?.end
  }

  /** Takes the next event and, where that is all it needs, shows it. `false`: the log has ended, nothing was taken. */
  append(event: Logged): boolean {
    if (this.end || this.#ending || this.lost) return false
    this.push(event)
    if (typeof event !== 'string') this.#note(event)
    if (!this.#progress) this.#show(this.lastSeq, this.totalBytes)
    else this.#appended(this.#progress)
    if (this.bytes > this.#retentionBytes) this.#trim()
    return true
  }

  #appended({ shows, persister }: StoreProgress): void {
    if (shows === 'appended') this.#show(this.lastSeq, this.totalBytes)
    persister?.appended()
  }

  /** Everything up to here is in the store; `Infinity` where the log itself is the record, or is fed by the store. */
  get stored(): number {
    return this.#progress?.stored ?? Infinity
  }

  /** Bytes charged for all events up to `stored`. */
  get storedBytes(): number {
    return this.#progress?.storedBytes ?? Infinity
  }

  /** True while the log runs ahead of its store. */
  get withholds(): boolean {
    return this.#progress?.withholds ?? false
  }

  /** The place that whoever has everything up to `seq` is told: where the log runs ahead, one that the store has (contract 11). */
  placeAt(seq: number): number {
    return this.withholds ? Math.min(seq, this.stored) : seq
  }

  /** A store begins to feed this log, or has done with it. */
  follow(persister: LogPersister | undefined): void {
    this.#progress ??= new StoreProgress(Infinity, Infinity)
    this.#progress.persister = persister
  }

  /** From here on events are appended here, as `epoch`, after all that the store has. */
  produce(epoch: number, shows: 'appended' | 'stored', persister: LogPersister): void {
    this.epoch = epoch
    this.#progress = new StoreProgress(this.lastSeq, this.totalBytes)
    Object.assign(this.#progress, { shows, persister })
  }

  /** Adds a watcher that must hear of the end, though nobody reads. */
  watch(watcher: LogWatcher): void {
    this.watchers.add(watcher)
    this.#progress?.persister?.watched?.()
  }

  /** {@link watch} is over: the watcher need not hear of anything any more. */
  unwatch(watcher: LogWatcher): void {
    if (this.watchers.delete(watcher)) this.#progress?.persister?.unwatched?.()
  }

  /** The store has everything up to `seq`. */
  storedUpTo(seq: number): void {
    const progress = this.#progress
    if (!progress) return
    const { withholds } = progress
    progress.storedUpTo(seq, this.bytesUpTo(seq), this.committed)
    if (seq > this.committed) this.#show(seq, progress.storedBytes)
    // Some wait for a cursor to what was shown without one.
    if (withholds) this.wakeAll()
    for (const watcher of this.watchers.items) watcher.furthestMoved?.()
    this.#trim()
  }

  /** The store does not answer: what it does not have is shown all the same, without cursors. */
  runAhead(): void {
    if (!this.#progress) return
    this.#progress.runAhead()
    this.#show(this.lastSeq, this.totalBytes)
  }

  /** The store answers again: from now on it comes first. What was shown before it had it has no cursor until it has. */
  storeFirstAgain(shows: 'appended' | 'stored'): void {
    this.#progress?.storeFirstAgain(shows, this.committed)
  }

  /** Takes back what was appended after `seq`: the store has something else there. Readers past it are told. */
  rewind(seq: number): void {
    if (seq >= this.lastSeq || this.end) return
    this.#ending = undefined
    this.#unnote(seq)
    this.cut(seq)
    this.#progress?.rewind(seq, this.totalBytes)
    this.unshow(seq)
  }

  /** Nothing more can be read here: readers are told `code`, and the producer, if it is here, stops. */
  lose(code: ClosedCode): void {
    if (this.lost || this.end) return
    this.lost = code
    const watchers = this.watchers.items
    for (const watcher of watchers) watcher.lost?.(code)
    this.wakeAll()
  }

  /** True once the end was appended, whether or not the store has it. */
  get ending(): boolean {
    return this.end !== undefined || this.#ending !== undefined
  }

  /** Its store keeps nothing before `firstSeq` any more, for nobody. Who reads here already may go on with what is held. */
  trimTo(firstSeq: number): void {
    if (firstSeq <= this.firstSeq) return
    this.trimBefore(
      firstSeq,
      this.readers.items.reduce((slowest, { seq }) => Math.min(slowest, seq), Infinity),
    )
  }

  #show(seq: number, bytes: number): void {
    if (this.#ending && seq === this.lastSeq) this.#finish(this.#ending)
    else this.show(seq, bytes)
  }

  /** Pieces of text the source has given: what its output is estimated from when it could not tell. */
  get tokens(): number {
    return this.lastSeq - (this.#summary?.otherEvents ?? 0)
  }

  /** The latest token counts the source gave. */
  get usage(): Usage | undefined {
    return this.#summary?.usage
  }

  /** Why choice 0 finished, if the source said so. */
  get finishReason(): FinishReason | undefined {
    return this.#summary?.finishReason
  }

  /** The same, marked where the store does not have it yet. */
  override read(seq: number, count: number): Entry[] {
    const chunk = super.read(seq, count)
    this.#progress?.mark(chunk)
    return chunk
  }

  #trim(): void {
    if (this.bytes <= this.#retentionBytes) return
    // The reader that the window is measured from is never overtaken: it is at most a window behind.
    const may = (lastSeq: number, endBytes: number): boolean =>
      lastSeq <= this.stored && (!this.attended || endBytes <= this.furthestBytes)
    while (this.bytes > this.#retentionBytes && this.trimHead(may));
  }

  #note(event: StreamEvent): void {
    this.#summary ??= new LogSummary()
    this.#summary.note(event)
    if (event.type === 'end') this.#ending = event
  }

  /** What is taken back after `seq` is not counted any more, nor remembered. */
  #unnote(seq: number): void {
    const gone = this.slice(seq + 1, this.lastSeq).filter((event) => typeof event !== 'string')
    if (gone.length === 0) return
    const left = this.slice(this.firstSeq, seq).filter((event) => typeof event !== 'string')
    this.#summary?.takeBack(gone, this.head?.summary, left)
  }

  /** The end is shown, and with it all there is. */
  #finish(end: EndEvent): void {
    this.committed = this.lastSeq
    this.committedBytes = this.totalBytes
    this.end = end
    this.#ending = undefined
    this.seal()
    const watchers = this.watchers.items
    this.watchers.clear()
    for (const watcher of watchers) watcher.ended?.(end)
    this.wakeAll()
  }
}
