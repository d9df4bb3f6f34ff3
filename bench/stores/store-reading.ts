import { nowUs } from '../process/clock.ts'
import { textOf, TOKEN_CHARS } from '../traffic/fixtures.ts'
import type { Arrival } from '../load/received.ts'
import { COMPLETE, type Reading } from './instance.ts'

/** Which part of which stream is read, and what is noted of it. */
export interface StoreReadingInput {
  stream: number
  /** First token that is read. */
  from?: number
  /** Token at which what had been there when the reading was asked for ends. */
  backlog?: number
  /** Every piece's arrival is kept. */
  timed?: boolean
}

/** What one reading has heard so far, and when. */
export class StoreReading {
  readonly stream: number
  readonly from: number
  readonly askedUs: number
  readonly arrivals: Arrival[] = []
  text = ''
  firstUs = 0
  /** When the last token of the backlog was there. */
  backlogUs = 0
  endedUs = 0
  /** How it ended; empty while it goes on. */
  ending = ''
  readonly #backlogLength: number
  readonly #timed: boolean

  constructor({ stream, from = 0, backlog = 0, timed = false }: StoreReadingInput, askedUs: number = nowUs()) {
    this.stream = stream
    this.from = from
    this.askedUs = askedUs
    this.#backlogLength = (backlog - from) * TOKEN_CHARS
    this.#timed = timed
  }

  /** Settles when the reading is over, however it ends. */
  async listen(reading: Reading | undefined): Promise<void> {
    try {
      this.ending = reading ? await reading.read((piece) => this.#take(piece)) : 'nothing to read'
    } catch (error) {
      this.ending = String(error)
    }
    this.endedUs = nowUs()
  }

  /** Tokens heard of, those before the reading began included. */
  get reached(): number {
    return this.from + this.text.length / TOKEN_CHARS
  }

  /** What is wrong with it; nothing when it is exactly what a stream of `tokens` tokens says. */
  faultOf(tokens: number): string | undefined {
    const expected = textOf(this.stream, tokens).slice(this.from * TOKEN_CHARS)
    if (this.text === expected) return this.ending === COMPLETE ? undefined : `ended with "${this.ending}"`
    let at = 0
    while (at < expected.length && this.text[at] === expected[at]) at++
    return `text of ${this.text.length} characters instead of ${expected.length}, other from ${at} on; ended with "${this.ending}"`
  }

  #take(piece: string): void {
    this.text += piece
    if (this.firstUs === 0) this.firstUs = nowUs()
    if (this.backlogUs === 0 && this.text.length >= this.#backlogLength) this.backlogUs = nowUs()
    if (this.#timed) this.arrivals.push({ textLength: this.text.length, atUs: nowUs() })
  }
}
