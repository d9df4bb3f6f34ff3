import type { EndEvent } from '@sluice/core'
import type { Log, LogReader } from '@sluice/core/extend'

/** Someone who reads a log as it grows, event by event, and says what became of it. */
export class Following implements LogReader {
  wakeAt: number = Infinity
  /** Position of the last event it has read. */
  seq: number
  bytePosition: number
  readonly log: Log
  /** Each event as it was read, one to an entry. */
  readonly entries: object[] = []
  end: EndEvent | undefined
  /** Why the reading could not go on. */
  broken: string | undefined
  readonly #takes: boolean

  /** `takes: false`: it is there, and has not come to read anything yet. */
  constructor(log: Log, { takes = true }: { takes?: boolean } = {}) {
    this.log = log
    this.#takes = takes
    this.seq = log.firstSeq - 1
    this.bytePosition = log.bytesUpTo(this.seq)
    log.attach(this)
    this.wake()
  }

  /** Takes what there is, and waits for more. */
  wake(): void {
    const { log } = this
    if (this.broken !== undefined || this.end) return
    if (log.lost) this.broken = log.lost
    else if (this.seq + 1 < log.firstSeq) this.broken = 'trimmed'
    else if (this.seq > log.lastSeq) this.broken = 'storage'
    else if (this.#takes) this.#take()
  }

  overtaken(): void {
    this.broken ??= 'storage'
  }

  leave(): void {
    this.log.detach(this)
  }

  #take(): void {
    const { log } = this
    while (this.seq < log.committed) {
      this.entries.push(...log.read(this.seq, 1))
      this.seq++
    }
    this.bytePosition = log.bytesUpTo(this.seq)
    log.moved(this)
    if (log.end && this.seq === log.lastSeq) this.end = log.end
    else log.sleep(this, this.seq + 1)
  }
}
