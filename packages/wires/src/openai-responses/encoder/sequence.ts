import { formatCursor } from '@sluice/core/extend'

/** Numbers of what is said between two events of a stream, and of the latter of them. */
const NUMBERS_PER_EVENT = 16
/** Beyond the numbers of all events that a stream can have; below 2^53 for two thousand takeovers. */
const NUMBERS_PER_EPOCH = 2 ** 42

/**
 * The numbers of wire events, made from the log's positions alone, so that any instance, under any policy, gives the same to the
 * same. What an event says has the number of its last position; what has to be said before it (items that close, items that
 * open) has numbers that follow the position before. A client that has one of those has nothing of the event itself.
 */
export class Sequence {
  #base: number
  #between: number

  /** Begins after this position. `isPreludeOf`: with what repeats what was open there, which comes before its number. */
  constructor(epoch: number, seq: number, isPrelude: boolean = false) {
    this.#base = isPrelude ? numberOf(epoch, Math.max(seq - 1, 0)) : numberOf(epoch, seq)
    // The first of all is 0.
    this.#between = seq === 0 ? -1 : 0
  }

  /** The number of what is said before the next event: below that of the event, however much it is. */
  between(): number {
    this.#between = Math.min(this.#between + 1, NUMBERS_PER_EVENT - 1)
    return this.last
  }

  /** The number that was given last. */
  get last(): number {
    return this.#base + this.#between
  }

  /** Everything up to this position is said. */
  reach(epoch: number, seq: number): void {
    this.#base = numberOf(epoch, seq)
    this.#between = 0
  }

  /** The number of what the event at this position says. */
  static at(epoch: number, seq: number): number {
    return numberOf(epoch, seq)
  }
}

/**
 * The cursor of a client that has everything up to the event with this number: what has to be said again from there, up to
 * that number, it has already.
 */
export function cursorOfNumber(streamId: string, number: number): string {
  const epoch = Math.floor(number / NUMBERS_PER_EPOCH)
  const seq = Math.floor((number % NUMBERS_PER_EPOCH) / NUMBERS_PER_EVENT)
  return formatCursor(streamId, epoch + 1, seq)
}

function numberOf(epoch: number, seq: number): number {
  return Math.max(epoch - 1, 0) * NUMBERS_PER_EPOCH + seq * NUMBERS_PER_EVENT
}
