import type { EndEvent, Json, Runtime, Store } from '@sluice/core'
import {
  type Begun,
  type CloseOptions,
  type Closing,
  extendReaders,
  type Found,
  type Keeping,
  Log,
  type LookUp,
  type StoredStream,
  type StoreHost,
  type StoreRef,
  type StreamFacts,
  type StreamName,
} from '@sluice/core/extend'
import { copyOf, RemoteCopy, type RemotePlace } from './remote-copy.ts'
import { RemoteLink } from './remote-link.ts'
import { RemoteServer } from './remote-server.ts'
import { type Client, type Notice, type Snapshot, snapshotOf } from './remote-stream.ts'

/** How a remote store is made. */
export interface RemoteStoreOptions {
  runtime: Runtime
  /** The server it shares with others; its own if left out. */
  server?: RemoteServer | undefined
  /** How long one way to the server takes. Default 1 ms. */
  delayMs?: number | undefined
}

/**
 * A store that is somewhere else, in few lines: one process's side of it. Streams are on the server, logs are copies,
 * and everything takes its time.
 */
export class RemoteStore implements Store, Client {
  readonly name = 'remote'
  readonly shared = true
  readonly server: RemoteServer
  readonly link: RemoteLink
  /** What the sluice that uses it offers to do. */
  host: StoreHost | undefined
  /** Streams that were settled here. */
  readonly settledIds: string[] = []
  /** Closes that were asked for here. */
  readonly closes: { cause: EndEvent['cause']; options: CloseOptions | undefined }[] = []
  readonly #place: RemotePlace
  readonly #copies: Map<string, RemoteCopy> = new Map()

  constructor({ runtime, server, delayMs = 1 }: RemoteStoreOptions) {
    this.server = server ?? new RemoteServer(runtime)
    this.link = new RemoteLink(runtime, delayMs)
    this.#place = { runtime, link: this.link, server: this.server, client: this }
  }

  async begin(given: StreamFacts, keeping: Keeping): Promise<Begun> {
    const begun = await this.link.ask(() => this.server.begin(copyOf(given), keeping, this))
    if (begun.is === 'mismatch') return begun
    if (begun.is !== 'new') return { is: begun.is, stream: lookAt(snapshotOf(begun.stream)) }
    const copy = this.#copy(begun.stream.facts, keeping)
    copy.produce(1, keeping.durability === 'write-behind' ? 'appended' : 'stored')
    return { is: 'new', stream: copy.stream }
  }

  async find(ref: StoreRef, lookUp: LookUp = 'read'): Promise<Found> {
    const found = await this.link.ask(() => this.server.find(ref, lookUp !== 'look' ? this : undefined))
    if (found.is !== 'stream') return found
    return { is: 'stream', stream: lookUp !== 'look' ? this.#join(found.snapshot).stream : lookAt(found.snapshot) }
  }

  close(stream: StreamName, end: EndEvent, options?: CloseOptions): Promise<Closing> {
    this.closes.push({ cause: end.cause, options })
    return this.link.ask(() => this.server.close(stream, copyOf(end), { ...options, asker: this }))
  }

  erase(stream: StreamName): Promise<void> {
    return this.link.ask(() => this.server.erase(stream))
  }

  renew(streams: readonly StreamName[], leaseMs: number): Promise<readonly StreamName[]> {
    return this.link.ask(() => streams.filter((stream) => !this.server.renew(stream, this, leaseMs)))
  }

  send(stream: StreamName, message: Json): Promise<boolean> {
    return new Promise((resolve) => {
      this.link.carry(() => {
        this.server.send(stream, copyOf(message), (taken) => this.link.carry(() => resolve(taken)))
      })
    })
  }

  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    // What was looked at to be granted has no readers: those of this process read what is held here.
    const log = this.logOf(stream.id)
    const here = log ? extendReaders(log, reader, seq) : 0
    return here + (await this.link.ask(() => this.server.grant(stream, this, reader, seq)))
  }

  serve(host: StoreHost): void {
    this.host = host
  }

  settled({ id }: StreamName): void {
    this.settledIds.push(id)
  }

  usage(): { bytes: number; streams: number; live: number } {
    const logs = [...this.#copies.values()].map(({ stream }) => stream.log)
    const bytes = logs.reduce((sum, log) => sum + log.heldBytes, 0)
    return { bytes, streams: logs.length, live: logs.filter(({ end }) => !end).length }
  }

  dispose(): void {
    this.link.dispose()
    this.server.dispose()
    this.#copies.clear()
  }

  /** Goes on here with a stream whose producer is gone, as the host is asked to; `false` while its lease stands. */
  async adopt(name: StreamName): Promise<boolean> {
    const snapshot = await this.link.ask(() => this.server.takeOver(name, this))
    if (!snapshot) return false
    const copy = this.#join(snapshot)
    copy.produce(snapshot.state.epoch, 'stored')
    this.host!.takeOver(copy.stream)()
    // Before it held the stream it could not have been told.
    await this.link.ask(() => this.server.tellReaders(name))
    return true
  }

  /** The log that this process has of a stream. */
  logOf(id: string): Log | undefined {
    return this.#copies.get(id)?.stream.log
  }

  notice(id: string, notice: Notice): void {
    this.link.carry(() => {
      this.#copies.get(id)?.noticed(notice)
      if (notice.is === 'erased') this.#copies.delete(id)
    })
  }

  message(id: string, message: Json, answer: (taken: boolean) => void): void {
    this.link.carry(() => {
      const watchers = this.logOf(id)?.watchers.items ?? []
      const taken = watchers.some((watcher) => watcher.message?.(message))
      this.link.carry(() => answer(taken))
    })
  }

  /** The copy of a stream that is produced elsewhere: told from now on of what happens to it. */
  #join(snapshot: Snapshot): RemoteCopy {
    const { facts, keeping } = snapshot
    const known = this.#copies.get(facts.id)
    if (known) return known
    const copy = this.#copy(facts, keeping)
    copy.follow(snapshot)
    return copy
  }

  #copy(facts: StreamFacts, keeping: Keeping): RemoteCopy {
    const copy = new RemoteCopy(this.#place, facts, keeping)
    this.#copies.set(facts.id, copy)
    copy.whenLeft(() => this.#copies.delete(facts.id))
    return copy
  }
}

/** A stream without its events: where it stands. */
function lookAt({ facts, keeping, state }: Snapshot): StoredStream {
  const from = { seq: state.seq, epoch: state.lastEpoch, end: state.end }
  const log = new Log(facts.id, state.epoch, { retentionBytes: keeping.retentionBytes, from })
  return { facts, log, timing: {} }
}
