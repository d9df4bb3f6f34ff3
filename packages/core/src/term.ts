import type { Connection } from './connection.ts'
import { Deadline, type Due } from './deadlines.ts'
import type { Hub } from './hub.ts'
import type { ClosedCode } from './notice.ts'
import type { Reader } from './reader.ts'

/** A reading whose time is limited. */
export interface Termed {
  /** It is over, and its reader told why. */
  stop(code: ClosedCode): void
}

/** How long a reading may last. */
export interface TermLimits {
  /** After how long it is broken off for a planned reconnect, ± 10 %; `false`: never. */
  rotateAfterMs: number | false
  /** Until when its reader is known to be who it says, on the hub's clock; `Infinity`: for ever. */
  expiresAtMs: number
  /** How long a reading that is due may take to have brought something. */
  closeGraceMs: number
}

/** What a term looks at and acts on. */
export interface TermParts {
  reading: Termed
  reader: Reader
  connection: Connection
  limits: TermLimits
}

/** Part of the interval by which it varies: readers who came together do not go on coming together. */
const ROTATE_JITTER = 0.1

/** When a reading that is due and cannot be broken off yet is looked at again. */
const LOOK_AGAIN_MS = 100

/** How long a reader that was sent away to come back counts as reading. */
const REJOIN_MS = 5_000

/**
 * Why and when a reading ends before its stream does: a planned reconnect, by which a peer that has vanished is found out
 * and one that has not shows anew who it is; or the end of what it showed.
 */
export class Term implements Due {
  readonly #hub: Hub
  readonly #parts: TermParts
  readonly #startSeq: number
  readonly #rotatesAtMs: number
  readonly #deadline: Deadline = new Deadline(this)
  #rejoining = false

  constructor(hub: Hub, parts: TermParts) {
    const { rotateAfterMs } = parts.limits
    this.#hub = hub
    this.#parts = parts
    this.#startSeq = parts.reader.seq
    const spread = 1 - ROTATE_JITTER + Math.random() * 2 * ROTATE_JITTER
    this.#rotatesAtMs = rotateAfterMs === false ? Infinity : hub.now() + rotateAfterMs * spread
    this.#scheduleAt(this.#rotatesAtMs)
  }

  /** The reading is over. One that rotates counts for a moment longer: whoever is on its way back has not left. */
  end(code: ClosedCode | undefined): void {
    const { reader } = this.#parts
    this.#rejoining = code === 'rotate' && reader.log.end === undefined && reader.log.lost === undefined
    if (this.#rejoining) reader.rejoining = true
    else reader.detach()
    this.#hub.schedule(this.#deadline, this.#rejoining ? this.#hub.now() + REJOIN_MS : Infinity)
  }

  due(): void {
    const { reading, reader, connection, limits } = this.#parts
    const now = this.#hub.now()
    if (this.#rejoining) reader.detach()
    else if (now >= limits.expiresAtMs) reading.stop('unauthorized')
    // What has no cursor yet would come again.
    else if (reader.withheld) this.#scheduleAt(now + LOOK_AGAIN_MS)
    else if (this.#hasBrought()) reading.stop('rotate')
    else if (now < this.#rotatesAtMs + limits.closeGraceMs) this.#scheduleAt(now + LOOK_AGAIN_MS)
    // A peer that has taken nothing in all this time is not there.
    else connection.abort()
  }

  /** Whether the next reading begins further on than this one did, or there was nothing to be brought. */
  #hasBrought(): boolean {
    const { reader } = this.#parts
    return reader.seq > this.#startSeq || reader.pending === 0
  }

  #scheduleAt(atMs: number): void {
    this.#hub.schedule(this.#deadline, Math.min(atMs, this.#parts.limits.expiresAtMs))
  }
}
