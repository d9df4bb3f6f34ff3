/** A tail that is longer is cut at its last white space, should it have no paragraph. */
const MOST_TAIL_CHARS = 4_096

/** Text that grows at its end: finished blocks, which do not change any more, and a tail. Put together they are the text. */
export class TextBlocks {
  #blocks: readonly string[] = []
  #tail = ''

  get blocks(): readonly string[] {
    return this.#blocks
  }

  get tail(): string {
    return this.#tail
  }

  add(piece: string): void {
    this.#tail += piece
    const at = this.#cut()
    if (at === 0) return
    this.#blocks = Object.freeze([...this.#blocks, this.#tail.slice(0, at)])
    this.#tail = this.#tail.slice(at)
  }

  clear(): void {
    this.#blocks = []
    this.#tail = ''
  }

  /** Where the tail begins anew: after its last paragraph that is over. */
  #cut(): number {
    const paragraph = this.#tail.lastIndexOf('\n\n')
    if (paragraph !== -1) return paragraph + 2
    return this.#tail.length > MOST_TAIL_CHARS ? this.#tail.search(/\s\S*$/) + 1 : 0
  }
}
