/** Between two sentences, so that a screen reader can say them. */
const REST_MS = 1_000
/** Sentences that are kept to be read again. */
const KEPT = 60
const SENTENCE = /^[\s\S]*?(?:[.!?。！？…]["'”’)\]]*\s+|\n\s*)/

/**
 * Has a screen reader say the answer by the sentence. The text itself is no live region: read out with every token, it could not be
 * understood.
 */
export class Announcer {
  readonly #log: HTMLElement
  #pending = ''
  #sentences: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(log: HTMLElement) {
    this.#log = log
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pending = ''
    this.#sentences = []
    this.#log.replaceChildren()
  }

  add(text: string): void {
    this.#pending += text
    for (let match = SENTENCE.exec(this.#pending); match; match = SENTENCE.exec(this.#pending)) {
      this.#pending = this.#pending.slice(match[0].length)
      this.#queue(match[0])
    }
  }

  /** Nothing more will come. */
  finish(): void {
    this.#queue(this.#pending)
    this.#pending = ''
  }

  #queue(sentence: string): void {
    if (sentence.trim() === '') return
    this.#sentences.push(sentence.trim())
    if (this.#timer === undefined) this.#say()
  }

  #say(): void {
    this.#timer = undefined
    const text = this.#sentences.splice(0).join(' ')
    if (text === '') return
    const paragraph = document.createElement('p')
    paragraph.textContent = text
    this.#log.append(paragraph)
    while (this.#log.childElementCount > KEPT) this.#log.firstElementChild?.remove()
    this.#timer = setTimeout(() => this.#say(), REST_MS)
  }
}
