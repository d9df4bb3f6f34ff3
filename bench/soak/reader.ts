import { textOf, TOKEN_CHARS } from '../traffic/fixtures.ts'
import { COMPLETE, type Instance, LEFT, type Reading } from '../stores/instance.ts'
import { faultBetween } from './fault.ts'

/** Which stream a reader follows. */
export interface Followed {
  id: string
  stream: number
  tokens: number
}

/** What became of one reader. */
export interface Followings {
  fault: 'none' | 'gap' | 'duplicate' | 'other'
  /** Where nothing came for too long, if so, and whether coming back helped. */
  hung: string | undefined
  /** How the stream ended for it; `complete` is all there should be. */
  ending: string
  /** Times it left and came back by itself. */
  resumes: number
  /** Times its reading broke, or could not begin, and was begun again at the same place. */
  retries: number
}

/** Tokens come every 50 ms. */
const HUNG_AFTER_MS = 20_000
const HUNG = 'hung'
const RETRY_MS = 100
const RETRIES_AT_MOST = 200
/** A reader stays for so many tokens at most before it leaves and comes back. */
const STAY_TOKENS = 400

/** Follows one stream as clients do: comes back with its position when a reading breaks, and leaves now and then. */
export class SoakReader {
  readonly #instance: Instance
  readonly #followed: Followed
  #text = ''
  #reading: Reading | undefined
  #progressMs = performance.now()
  #stay = Infinity
  #over = false
  #hung = Promise.withResolvers<string>()

  constructor(instance: Instance, followed: Followed) {
    this.#instance = instance
    this.#followed = followed
  }

  /** Settles when there is nothing more to come. `first`: the reading that came with the start. */
  async follow(first?: Reading): Promise<Followings> {
    const { stream, tokens } = this.#followed
    const own = first !== undefined
    let [resumes, retries] = [0, 0]
    let ending = ''
    let hung: string | undefined
    this.#reading = first
    while (!this.#over) {
      const where = this.#reading ? (own ? 'own reading' : 'reading') : 'attach'
      ending = await Promise.race([this.#readOn(), this.#hung.promise])
      if (ending === COMPLETE || isCut(ending) || (ending === HUNG && hung !== undefined)) break
      if (ending === LEFT) resumes++
      else if (ending === HUNG) hung = `${where}, stream ${stream}, token ${this.#tokens} of ${tokens}`
      else if (++retries > RETRIES_AT_MOST) break
      else await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      this.#begin()
    }
    this.#over = true
    if (hung !== undefined) hung += ending === COMPLETE ? ', went on when asked again' : `, then ${ending}`
    const expected = textOf(stream, tokens)
    const known = ending === COMPLETE ? expected : expected.slice(0, this.#text.length)
    return { fault: faultBetween(this.#text, known), hung, ending, resumes, retries }
  }

  /** Notices when nothing has come for too long; called every now and then. `true`: it is over. */
  look(): boolean {
    if (!this.#over && performance.now() - this.#progressMs > HUNG_AFTER_MS) this.#hung.resolve(HUNG)
    return this.#over
  }

  get #tokens(): number {
    return this.#text.length / TOKEN_CHARS
  }

  /** What is read from now on is another reading; the one before may not even have begun. */
  #begin(): void {
    this.#reading?.leave()
    this.#reading = undefined
    this.#hung = Promise.withResolvers()
    this.#progressMs = performance.now()
  }

  async #readOn(): Promise<string> {
    const turn = this.#hung
    try {
      const reading = this.#reading ?? (await this.#instance.attach(this.#followed.id, this.#tokens))
      if (turn !== this.#hung) reading?.leave()
      if (turn !== this.#hung || !reading) return 'nothing to read'
      this.#reading = reading
      this.#stay = this.#tokens + STAY_TOKENS * (0.25 + Math.random())
      return await reading.read((piece) => turn === this.#hung && this.#take(piece))
    } catch (error) {
      return String(error)
    }
  }

  #take(piece: string): void {
    this.#text += piece
    this.#progressMs = performance.now()
    if (this.#tokens <= this.#stay) return
    this.#stay = Infinity
    this.#reading?.leave()
  }
}

/** An end that the stream itself has; anything else is a reading that broke. */
function isCut(ending: string): boolean {
  return /^(interrupted|error|cancelled)/.test(ending)
}
