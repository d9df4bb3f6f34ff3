import type { Runtime } from '@sluice/core'
import {
  extendReaders,
  type Keeping,
  Log,
  type Logged,
  type LogWatcher,
  type StoredStream,
  type StreamFacts,
} from '@sluice/core/extend'
import type { RemoteLink } from './remote-link.ts'
import type { RemoteServer } from './remote-server.ts'
import type { Client, Notice, Snapshot } from './remote-stream.ts'

/** The process that has a copy, and its way to the server. */
export interface RemotePlace {
  readonly runtime: Runtime
  readonly link: RemoteLink
  readonly server: RemoteServer
  readonly client: Client
}

interface Producing {
  /** What is on its way; the same again if no answer comes, since it may have arrived. */
  batch: { after: number; epoch: number; events: readonly Logged[] } | undefined
  /** Nothing more is stored from here. */
  over: boolean
}

const STORE_AGAIN_MS = 500

/** A value as it arrives: what happens to the one does not happen to the other. */
export const copyOf = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

/** What a process has of a stream: a log that follows the server's, or one that it produces and stores there. */
export class RemoteCopy {
  readonly stream: StoredStream
  readonly #place: RemotePlace
  readonly #windowBytes: number
  #producing: Producing | undefined
  /** True while what the server knows of readers here is old. */
  #presenceStale = false

  constructor(place: RemotePlace, facts: StreamFacts, { retentionBytes, windowBytes }: Keeping) {
    this.#place = place
    this.#windowBytes = windowBytes
    this.stream = { facts, log: new Log(facts.id, 1, { retentionBytes }), timing: {} }
  }

  /** Stores from now on what is appended here. */
  produce(epoch: number, shows: 'appended' | 'stored'): void {
    const producing = { batch: undefined, over: false }
    this.#producing = producing
    this.stream.log.produce(epoch, shows, { appended: () => this.#store(producing) })
  }

  /** Has what there is of a stream that is produced elsewhere, and says who reads it here. */
  follow({ state, events }: Snapshot): void {
    const { log } = this.stream
    for (const { epoch, event } of events) {
      log.epoch = epoch
      log.append(event)
    }
    log.epoch = state.epoch
    const present = (): void => {
      this.#holdWindow()
      if (!this.#producing) this.#present()
    }
    if (!log.end) log.watchers.add({ readersChanged: present, furthestMoved: present })
  }

  /** Calls `letGo` when the last reader of what is over has gone. */
  whenLeft(letGo: () => void): void {
    const { log } = this.stream
    const watcher: LogWatcher = {
      readersChanged: () => {
        if (log.end && log.readers.size === 0 && this.#producing?.over !== false) letGo()
      },
      // A log that has ended forgets its watchers.
      ended: () => log.watchers.add(watcher),
    }
    log.watchers.add(watcher)
  }

  /** What has happened to the stream on the server. */
  noticed(notice: Notice): void {
    const { log } = this.stream
    const producing = this.#producing
    if (notice.is === 'appended') {
      // Somebody else produces it now; the answer to what is on its way will say so, too.
      if (producing) return
      log.epoch = notice.epoch
      for (const event of notice.events.slice(Math.max(0, log.lastSeq - notice.after))) log.append(event)
      this.#holdWindow()
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
    }
  }

  #store(producing: Producing): void {
    const { log, facts } = this.stream
    if (producing.batch || producing.over || log.lost || log.stored >= log.lastSeq) return
    const events = copyOf(log.slice(log.stored + 1, log.lastSeq))
    producing.batch = { after: log.stored, epoch: log.epoch, events }
    const { link, server, runtime } = this.#place
    const attempt = (): void => {
      const { batch } = producing
      if (!batch || producing.over) return
      link
        .ask(() => server.append(facts, batch))
        .then(
          (outcome) => {
            producing.batch = undefined
            // A close that came before this answer has said what there is to say.
            if (producing.over) return
            if (outcome === 'ok' || outcome === 'duplicate') {
              log.storedUpTo(batch.after + batch.events.length)
              if (log.end && log.stored >= log.lastSeq) producing.over = true
              else this.#store(producing)
            } else {
              producing.over = true
              log.lose(outcome === 'missing' ? 'storage' : 'epoch')
            }
          },
          () => void runtime.after(STORE_AGAIN_MS, attempt),
        )
    }
    attempt()
  }

  /** Notes whether the producer, elsewhere, waits for those who read here. Whoever produces knows by itself. */
  #holdWindow(): void {
    const { log } = this.stream
    if (!this.#producing) log.holdWindow(log.totalBytes - log.furthestBytes >= this.#windowBytes)
  }

  /** Who reads here, and how far, at the end of the turn in which that changed. */
  #present(): void {
    if (this.#presenceStale) return
    this.#presenceStale = true
    const { runtime, link, server, client } = this.#place
    runtime.defer(() => {
      this.#presenceStale = false
      const readers = this.stream.log.readers.items
      const here = { readers: readers.length, furthestSeq: Math.max(0, ...readers.map(({ seq }) => seq)) }
      link.carry(() => server.present(this.stream.facts, client, here))
    })
  }
}
