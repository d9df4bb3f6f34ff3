import { type Meddling, ReplyMeddler } from '@sluice/testing/redis'

const MEDDLINGS: readonly (Meddling | 'cut')[] = ['cut', 'double', 'cut', 'delay', 'cut', 'double', 'cut', 'swallow']

/** Redis behind a line that loses replies of scripts, doubles them, and brings them late: every so many. */
export class LossyRedis implements AsyncDisposable {
  readonly #meddler: ReplyMeddler
  readonly #every: number
  #isOver = false
  /** How often it has happened. */
  lost = 0

  static async start(port: number, every: number): Promise<LossyRedis> {
    return new LossyRedis(await ReplyMeddler.start(port), every)
  }

  private constructor(meddler: ReplyMeddler, every: number) {
    this.#meddler = meddler
    this.#every = every
    void this.#meddle()
  }

  get url(): string {
    return this.#meddler.url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#meddler.leaveOff()
    await this.#meddler[Symbol.asyncDispose]()
  }

  async #meddle(): Promise<void> {
    while (!this.#isOver) {
      let replies = 0
      const meddling = MEDDLINGS[this.lost % MEDDLINGS.length]!
      await this.#meddler.meddle(meddling === 'cut' ? 'swallow' : meddling, () => ++replies === this.#every)
      this.lost++
      // The reply is lost, and its connection with it.
      if (meddling === 'cut') this.#meddler.cut()
    }
  }
}
