import {
  Deadline,
  type Due,
  extendReaders,
  Log,
  type LogFollower,
  type LogWatcher,
  type StoredStream,
} from '@sluice/core'

import { type Chunk, decodeChunk } from './chunk-codec.ts'
import { look, type Looked, type StoredState } from './look.ts'
import { parseNotice, type StreamListener } from './mailbox.ts'
import { ATTENDANCE_MS } from './produced.ts'
import { SCRIPTS } from './scripts.ts'
import { SharedAnswer } from './shared-answer.ts'
import { nameOf, type Shop } from './shop.ts'

/** What a replica's owner is told. */
export interface ReplicaOwner {
  /** The producer's lease has lapsed, or is about to be judged. */
  lapsed(state: StoredState): void
  /** Somebody reads it, again perhaps after it was let go. */
  followed(replica: Replica): void
  /** Nobody reads it any more, or it is over: it may be let go. */
  idle(replica: Replica): void
}

const CHARGE_FACTOR = 8

/**
 * A stream of another process as this one reads it. Entries are heard as they are published; each must follow the one
 * before, and whatever is missing, late or of a new epoch is fetched from the store: the log there is the truth.
 */
export class Replica implements StreamListener, LogWatcher, LogFollower, Due {
  readonly stream: StoredStream
  readonly #shop: Shop
  readonly #owner: ReplicaOwner
  readonly #windowBytes: number
  readonly #replicated: boolean
  readonly #deadline: Deadline = new Deadline(this)
  /** True once nothing is kept of it anywhere but a tombstone. */
  erased = false
  #following = false
  readonly #catching: SharedAnswer<void> = new SharedAnswer(() => this.#catchUpOnce())
  #activeMs: number
  #reportedBytes = 0
  #reportedReaders = false

  constructor(shop: Shop, { state, chunks }: Looked & { is: 'stream' }, owner: ReplicaOwner) {
    this.#shop = shop
    this.#owner = owner
    const { facts, keeping, timing } = state
    this.#windowBytes = keeping.windowBytes
    this.#replicated = typeof keeping.durability === 'object'
    this.#activeMs = shop.hub.now()
    const firstSeq = chunks[0]?.firstSeq ?? state.seq + 1
    const log = new Log(facts.id, chunks[0]?.epoch ?? state.epoch, {
      // The store counts the bytes of its entries, a log what its events are charged: small tokens weigh more here.
      retentionBytes: keeping.retentionBytes * CHARGE_FACTOR,
      account: shop.account,
      from: { seq: firstSeq - 1, epoch: chunks[0]?.epoch ?? state.epoch },
      followed: this.#replicated,
      shows: this.#replicated ? 'stored' : 'appended',
    })
    this.stream = { facts, log, timing: { ...timing } }
    for (const chunk of chunks) this.#take(chunk)
    this.#afterLook(state)
    log.watchers.add(this)
    log.follow(this)
  }

  /** Whether somebody here wants to know how it goes on. */
  get wanted(): boolean {
    const { log } = this.stream
    return log.readers.size > 0 || log.watchers.size > 1
  }

  appended(): void {}

  watched(): void {
    this.#follow()
  }

  readersChanged(): void {
    const { log } = this.stream
    if (log.readers.size > 0) this.#follow()
    else if (log.end) this.release()
    this.report()
    if (!this.wanted) this.#owner.idle(this)
  }

  furthestMoved(): void {
    const { log } = this.stream
    if (log.furthestBytes - this.#reportedBytes >= this.#windowBytes / 2) this.report()
  }

  ended(): void {
    const { log } = this.stream
    // A log that has ended forgets its watchers.
    log.watchers.add(this)
    // Nothing more is said, but a reader that ran out of credit is yet to be granted the rest.
    if (log.readers.size === 0) this.release()
    this.#owner.idle(this)
  }

  lost(): void {
    this.release()
    this.#owner.idle(this)
  }

  /** Says to the producer who reads here and how far; also what has not changed, since it holds only for a while. */
  report(): void {
    const { log, facts } = this.stream
    const reads = log.readers.size > 0
    if (log.end || log.lost || (!reads && !this.#reportedReaders)) return
    this.#reportedReaders = reads
    this.#reportedBytes = log.furthestBytes
    let furthestSeq = 0
    for (const reader of log.readers) furthestSeq = Math.max(furthestSeq, reader.seq)
    const { link, names, instance } = this.#shop
    const args = [instance, reads ? furthestSeq : '', ATTENDANCE_MS, names.instances, nameOf(facts)]
    // What is lost of it is said again with the next renewal.
    link.run(SCRIPTS.present, [names.meta(facts), names.readers(facts)], args).catch(ignore)
  }

  heard(message: string): void {
    this.#activeMs = this.#shop.hub.now()
    if (message.startsWith('[')) {
      if (!this.#hear(message)) void this.catchUp().catch(ignore)
    } else if (message.startsWith('stored:')) this.#show(Number(message.slice('stored:'.length)))
    else if (message === 'erased') void this.catchUp().catch(ignore)
    else {
      const notice = parseNotice(message)
      if (notice?.about === 'grant') extendReaders(this.stream.log, notice.reader, notice.seq)
    }
  }

  /** `false`: the log must be asked; anybody may publish anything. */
  #hear(message: string): boolean {
    try {
      return this.#take(decodeChunk(message), true)
    } catch {
      return false
    }
  }

  missed(): void {
    void this.catchUp().catch(ignore)
  }

  /** It is time to look: nothing was heard for a while. */
  due(): void {
    if (!this.#following) return
    const { hub, options } = this.#shop
    const dueMs = this.#activeMs + options.lookEveryMs
    if (hub.now() >= dueMs) void this.catchUp().catch(ignore)
    hub.schedule(this.#deadline, Math.max(dueMs, hub.now() + options.lookEveryMs / 2))
  }

  /** Brings the log up to what the store has now. @throws SluiceError `SLUICE_ERR_STORE` */
  catchUp(): Promise<void> {
    return this.#catching.get()
  }

  async #catchUpOnce(): Promise<void> {
    const { link, names, hub } = this.#shop
    const { log, facts } = this.stream
    if (log.lost) return
    let looked = await look(link, names, facts, { afterSeq: log.lastSeq, grants: true })
    this.#activeMs = hub.now()
    if (looked.is === 'stream' && (looked.state.epoch !== log.epoch || looked.state.seq < log.lastSeq)) {
      // Another producer writes: whether what is here is still what is there is seen by comparing all of it.
      looked = await look(link, names, facts, { afterSeq: log.firstSeq - 1, grants: true })
    }
    this.#apply(looked)
  }

  /** Nothing is heard any more; what is here stays readable. */
  release(): void {
    if (!this.#following) return
    this.#following = false
    this.#shop.hub.cancel(this.#deadline)
    this.#shop.mailbox.forget(this.stream.facts, this)
  }

  /** This process produces it from now on: its log is the producer's. */
  retire(): void {
    this.release()
    this.stream.log.watchers.delete(this)
    this.stream.log.follow(undefined)
  }

  #follow(): void {
    const { log, facts } = this.stream
    if (this.#following || log.end || log.lost) return
    this.#following = true
    this.#owner.followed(this)
    const { hub, mailbox, options } = this.#shop
    hub.schedule(this.#deadline, hub.now() + options.lookEveryMs)
    mailbox
      .listen(facts, this)
      .then(() => this.catchUp())
      .catch(ignore)
  }

  #apply(looked: Looked): void {
    const { log } = this.stream
    if (looked.is === 'missing') return log.lose('storage')
    if (looked.is === 'erased') {
      if (looked.end && looked.seq === log.lastSeq + 1)
        this.#take({ ...looked, firstSeq: looked.seq, events: [looked.end] })
      if (!log.end) log.lose('trimmed')
      this.erased = true
      return log.clear()
    }
    const { state, chunks, grants } = looked
    for (const chunk of chunks) {
      if (this.#take(chunk)) continue
      // The head was trimmed past us.
      return log.lose('trimmed')
    }
    // What was acknowledged is not there: somebody else has cut the log.
    if (log.lastSeq < state.seq) return log.lose('trimmed')
    // An end before what is here, or another producer's run that begins before all of it: what is here was lost there.
    const replaced = state.epoch > log.epoch && state.seq < log.firstSeq
    if (state.seq < log.lastSeq && (replaced || state.end)) return log.lose('storage')
    for (const [name, seq] of grants) extendReaders(log, name, seq)
    this.#afterLook(state)
    if (!state.end && state.leaseLeftMs < 0) this.#owner.lapsed(state)
  }

  #afterLook(state: StoredState): void {
    if (this.#replicated) this.#show(state.watermark ?? 0)
    Object.assign(this.stream.timing, state.timing)
  }

  #show(seq: number): void {
    const { log } = this.stream
    if (this.#replicated && seq > log.stored) log.storedUpTo(Math.min(seq, log.lastSeq))
  }

  /** Takes what follows from a chunk. `false`: something is missing in between, or must be compared first. */
  #take({ epoch, firstSeq, events }: Chunk, live = false): boolean {
    const { log } = this.stream
    const lastSeq = firstSeq + events.length - 1
    // What an earlier producer said may be heard late, when the store has something else there.
    if (live && (epoch < log.epoch || (epoch > log.epoch && log.lastSeq > 0))) return false
    if (firstSeq > log.lastSeq + 1) return false
    const from = Math.max(firstSeq, log.firstSeq)
    const same = Math.min(lastSeq, log.lastSeq)
    // The store is right, also where its epoch is the older one: it may have lost that somebody took over.
    if (from <= same && epoch !== log.epochOf(same)) log.rewind(from - 1)
    if (lastSeq <= log.lastSeq) return true
    log.epoch = epoch
    for (const event of events.slice(log.lastSeq + 1 - firstSeq)) log.append(event)
    return true
  }
}

function ignore(): void {}
