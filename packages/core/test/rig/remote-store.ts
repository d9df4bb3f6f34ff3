import type { EndEvent, Json, Runtime, Store } from '@sluice/core'
import {
  type Begun,
  type CloseOptions,
  type Closing,
  extendReaders,
  type Found,
  type Keeping,
  Log,
  type Logged,
  type LookUp,
  type StoredStream,
  type StoreHost,
  type StoreRef,
  type StreamFacts,
  type StreamName,
} from '@sluice/core/extend'
import { RemoteLink } from './remote-link.ts'
import { type Client, type Notice, RemoteServer, type Snapshot } from './remote-server.ts'

/** How a remote store is made. */
export interface RemoteStoreOptions {
  runtime: Runtime
  /** The server it shares with others; its own if left out. */
  server?: RemoteServer | undefined
  /** How long one way to the server takes. Default 1 ms. */
  delayMs?: number | undefined
}

/** What this process has of a stream. */
interface Held {
  readonly stream: StoredStream
  producing: Producing | undefined
  /** True while what the server knows of readers here is old. */
  presenceStale: boolean
  /** Notes whether the producer, elsewhere, waits for those who read here. */
  holdWindow(): void
}

interface Producing {
  /** What is on its way; the same again if no answer comes, since it may have arrived. */
  batch: { after: number; epoch: number; events: readonly Logged[] } | undefined
  /** Nothing more is stored from here. */
  over: boolean
}

const STORE_AGAIN_MS = 500

const copyOf = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

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
  readonly #runtime: Runtime
  readonly #held: Map<string, Held> = new Map()

  constructor({ runtime, server, delayMs = 1 }: RemoteStoreOptions) {
    this.#runtime = runtime
    this.server = server ?? new RemoteServer(runtime)
    this.link = new RemoteLink(runtime, delayMs)
  }

  async begin(given: StreamFacts, keeping: Keeping): Promise<Begun> {
    const begun = await this.link.ask(() => this.server.begin(copyOf(given), keeping, this))
    if (begun.is === 'mismatch') return begun
    const { facts } = begun.stream
    if (begun.is !== 'new') return { is: begun.is, stream: lookAt(this.server.snapshot(begun.stream)) }
    const shows = keeping.durability === 'write-behind' ? 'appended' : 'stored'
    const log = new Log(facts.id, 1, { retentionBytes: keeping.retentionBytes })
    const producing = { batch: undefined, over: false }
    // Whoever produces knows by itself.
    const held: Held = { stream: { facts, log, timing: {} }, producing, presenceStale: false, holdWindow: () => {} }
    this.#held.set(facts.id, held)
    log.produce(1, shows, { appended: () => this.#store(held, producing) })
    return { is: 'new', stream: held.stream }
  }

  async find(ref: StoreRef, lookUp: LookUp = 'read'): Promise<Found> {
    const found = await this.link.ask(() => this.server.find(ref, lookUp === 'read' ? this : undefined))
    if (found.is !== 'stream') return found
    return { is: 'stream', stream: lookUp === 'read' ? this.#join(found.snapshot) : lookAt(found.snapshot) }
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
    const held = this.#held.get(stream.id)
    const here = held ? extendReaders(held.stream.log, reader, seq) : 0
    return here + (await this.link.ask(() => this.server.grant(stream, this, reader, seq)))
  }

  serve(host: StoreHost): void {
    this.host = host
  }

  settled({ id }: StreamName): void {
    this.settledIds.push(id)
  }

  usage(): { bytes: number; streams: number; live: number } {
    const logs = [...this.#held.values()].map(({ stream }) => stream.log)
    const bytes = logs.reduce((sum, log) => sum + log.bytes, 0)
    return { bytes, streams: logs.length, live: logs.filter(({ end }) => !end).length }
  }

  dispose(): void {
    this.link.dispose()
    this.server.dispose()
    this.#held.clear()
  }

  /** Goes on here with a stream whose producer is gone, as the host is asked to; `false` while its lease stands. */
  async adopt(name: StreamName): Promise<boolean> {
    const snapshot = await this.link.ask(() => this.server.takeOver(name, this))
    if (!snapshot) return false
    const { log } = this.#join(snapshot)
    const held = this.#held.get(name.id)!
    const producing = { batch: undefined, over: false }
    held.producing = producing
    log.produce(snapshot.state.epoch, 'stored', { appended: () => this.#store(held, producing) })
    this.host!.takeOver(held.stream)
    // Before it held the stream it could not have been told.
    await this.link.ask(() => this.server.tellReaders(name))
    return true
  }

  /** The log that this process has of a stream. */
  logOf(id: string): Log | undefined {
    return this.#held.get(id)?.stream.log
  }

  notice(id: string, notice: Notice): void {
    this.link.carry(() => {
      const held = this.#held.get(id)
      if (held) this.#noticed(held, notice)
    })
  }

  message(id: string, message: Json, answer: (taken: boolean) => void): void {
    this.link.carry(() => {
      const watchers = this.#held.get(id)?.stream.log.watchers.items ?? []
      const taken = watchers.some((watcher) => watcher.message?.(message))
      this.link.carry(() => answer(taken))
    })
  }

  #store(held: Held, producing: Producing): void {
    const { log, facts } = held.stream
    if (producing.batch || producing.over || log.lost || log.stored >= log.lastSeq) return
    const events = copyOf(log.slice(log.stored + 1, log.lastSeq))
    producing.batch = { after: log.stored, epoch: log.epoch, events }
    const attempt = (): void => {
      const { batch } = producing
      if (!batch || producing.over) return
      this.link
        .ask(() => this.server.append(facts, batch))
        .then(
          (outcome) => {
            producing.batch = undefined
            // A close that came before this answer has said what there is to say.
            if (producing.over) return
            if (outcome === 'ok' || outcome === 'duplicate') {
              log.storedUpTo(batch.after + batch.events.length)
              if (log.end && log.stored >= log.lastSeq) producing.over = true
              else this.#store(held, producing)
            } else {
              producing.over = true
              log.lose(outcome === 'missing' ? 'storage' : 'epoch')
            }
          },
          () => void this.#runtime.after(STORE_AGAIN_MS, attempt),
        )
    }
    attempt()
  }

  #noticed(held: Held, notice: Notice): void {
    const {
      stream: { log, facts },
      producing,
    } = held
    if (notice.is === 'appended') {
      // Somebody else produces it now; the answer to what is on its way will say so, too.
      if (producing) return
      log.epoch = notice.epoch
      for (const event of notice.events.slice(Math.max(0, log.lastSeq - notice.after))) log.append(event)
      held.holdWindow()
    } else if (notice.is === 'closed') {
      if (producing) producing.over = true
      log.rewind(notice.seq - 1)
      log.epoch = notice.epoch
      log.append(notice.end)
      if (producing) log.storedUpTo(notice.seq)
    } else if (notice.is === 'readers') log.readElsewhere(notice.readers, notice.furthestSeq)
    else if (notice.is === 'granted') extendReaders(log, notice.reader, notice.seq)
    else {
      if (producing) producing.over = true
      log.lose('storage')
      log.clear()
      this.#held.delete(facts.id)
    }
  }

  /** The log of a stream that is produced elsewhere: told from now on of what happens to it. */
  #join({ facts, keeping, state, events }: Snapshot): StoredStream {
    const known = this.#held.get(facts.id)
    if (known) return known.stream
    const log = new Log(facts.id, 1, { retentionBytes: keeping.retentionBytes })
    const held: Held = {
      stream: { facts, log, timing: {} },
      producing: undefined,
      presenceStale: false,
      holdWindow() {
        if (!this.producing) log.holdWindow(log.totalBytes - log.furthestBytes >= keeping.windowBytes)
      },
    }
    this.#held.set(facts.id, held)
    for (const { epoch, event } of events) {
      log.epoch = epoch
      log.append(event)
    }
    log.epoch = state.epoch
    const present = (): void => {
      held.holdWindow()
      if (!held.producing) this.#present(held)
    }
    if (!log.end) log.watchers.add({ readersChanged: present, furthestMoved: present })
    return held.stream
  }

  /** Who reads here, and how far, at the end of the turn in which that changed. */
  #present(held: Held): void {
    if (held.presenceStale) return
    held.presenceStale = true
    this.#runtime.defer(() => {
      held.presenceStale = false
      const readers = held.stream.log.readers.items
      const here = { readers: readers.length, furthestSeq: Math.max(0, ...readers.map(({ seq }) => seq)) }
      this.link.carry(() => this.server.present(held.stream.facts, this, here))
    })
  }
}

/** A stream without its events: where it stands. */
function lookAt({ facts, keeping, state }: Snapshot): StoredStream {
  const from = { seq: state.seq, epoch: state.lastEpoch, end: state.end }
  const log = new Log(facts.id, state.epoch, { retentionBytes: keeping.retentionBytes, from })
  return { facts, log, timing: {} }
}
