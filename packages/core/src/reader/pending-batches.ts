import { chunkDeadlineMs } from '../chunking/chunk-deadline.ts'

/**
 * When the pending events of one reader became readable, and how long they may wait. Kept of the oldest batch, which came
 * in one turn, exactly; of all after it, as if they were as old as the oldest of them and due as early as the earliest.
 */
export class PendingBatches {
  /** When the oldest pending event became readable. */
  oldestSinceMs = 0
  /** True while every arrival is noticed in its turn; false when the reader sleeps through some, or its sink makes it wait. */
  attentive = true
  #oldestDueMs = Infinity
  #oldestEndSeq: number
  #restSinceMs = 0
  #restDueMs = Infinity
  /** Events up to here are known here. */
  #seenSeq: number
  #seenAtMs = 0
  #arrivedMs = 0

  constructor(seq: number) {
    this.#oldestEndSeq = seq
    this.#seenSeq = seq
  }

  /** When what is pending leaves, whatever the policy says. */
  get dueMs(): number {
    return Math.min(this.#oldestDueMs, this.#restDueMs)
  }

  get seenSeq(): number {
    return this.#seenSeq
  }

  /** Of a reader at `seq` the events up to `endSeq` are readable at `nowMs`; gives whether some are new, and wait for their bound. */
  protected arrived(seq: number, endSeq: number, nowMs: number): boolean {
    const pendedBefore = this.#seenSeq > seq
    // What came unnoticed is taken for as old as it can be.
    this.#arrivedMs = this.attentive ? nowMs : this.#seenAtMs
    this.attentive = false
    this.#seenAtMs = nowMs
    if (endSeq <= this.#seenSeq) return false
    if (!pendedBefore) {
      this.#oldestEndSeq = endSeq
      this.oldestSinceMs = this.#arrivedMs
      this.#oldestDueMs = Infinity
      this.#restDueMs = Infinity
    } else if (this.#oldestEndSeq === this.#seenSeq) this.#restSinceMs = this.#arrivedMs
    this.#seenSeq = endSeq
    return true
  }

  /** What has just become readable may wait for `boundMs`. */
  bound(boundMs: number): void {
    const dueMs = chunkDeadlineMs(boundMs, this.#arrivedMs)
    if (this.#oldestEndSeq === this.#seenSeq) this.#oldestDueMs = dueMs
    else this.#restDueMs = Math.min(this.#restDueMs, dueMs)
  }

  /** The events up to `seq` have left. */
  protected left(seq: number): void {
    if (seq < this.#oldestEndSeq) return
    this.oldestSinceMs = this.#restSinceMs
    this.#oldestDueMs = this.#restDueMs
    this.#restDueMs = Infinity
    this.#oldestEndSeq = this.#seenSeq
  }
}
