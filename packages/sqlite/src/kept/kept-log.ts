import { extendReaders, limitReaders, type LogWatcher, type StoredStream } from '@sluice/core/extend'

import { remember } from '../records/messages.ts'

/** Who is notified of what becomes of a kept log. */
export interface KeptLogOwner {
  /** Nobody reads it, or waits for it. */
  idle(kept: KeptLog): void
}

/** The log of a stream that is not produced here, or not any more, as it is read here. */
export class KeptLog implements LogWatcher {
  readonly stream: StoredStream
  /** Credit by the name of a reader: one that comes later has it too. */
  readonly grants: Map<string, number>
  readonly #owner: KeptLogOwner

  constructor(owner: KeptLogOwner, stream: StoredStream, grants: Map<string, number>) {
    this.#owner = owner
    this.stream = stream
    this.grants = grants
    stream.log.watchers.add(this)
  }

  /** Whether somebody reads it, or waits for what becomes of it. */
  get wanted(): boolean {
    const { log } = this.stream
    return log.readers.size > 0 || log.watchers.size > 1
  }

  readersChanged(): void {
    const { log } = this.stream
    for (const [name, seq] of this.grants) limitReaders(log, name, seq)
    if (!this.wanted) this.#owner.idle(this)
  }

  ended(): void {
    // A log that has ended forgets its watchers.
    this.stream.log.watchers.add(this)
    if (!this.wanted) this.#owner.idle(this)
  }

  /** Gives whether the grant is one to be remembered. */
  grant(reader: string, seq: number): boolean {
    extendReaders(this.stream.log, reader, seq)
    return remember(this.grants, reader, seq)
  }

  /** Somebody else looks after this log from now on. */
  release(): void {
    this.stream.log.watchers.delete(this)
  }
}
