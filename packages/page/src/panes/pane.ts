import { within } from '../dom/find.ts'
import { formatBytes, formatCount, formatMs } from '../dom/format.ts'
import { show, showTerms, tell } from '../dom/show.ts'
import type { Meter } from '../network/meter.ts'
import type { Figures } from './figures.ts'
import { scoreOf } from './score.ts'

/** One reader's part of the page: its text, what it has come to, its figures. */
export class Pane {
  readonly #text: HTMLElement
  readonly #state: HTMLElement
  readonly #score: HTMLElement | null
  readonly #figures: HTMLElement | null
  #node: Text = new Text()

  constructor(root: HTMLElement) {
    this.#text = within(root, '.text')
    this.#state = within(root, '.state')
    this.#score = root.querySelector<HTMLElement>('[data-figure="score"]')
    this.#figures = root.querySelector<HTMLElement>('.figures')
    this.measured(undefined, undefined)
  }

  /** Takes everything away for a new reading. */
  clear(): void {
    this.#node = new Text()
    this.#text.replaceChildren(this.#node)
    this.say('')
    this.measured(undefined, undefined)
  }

  /** Adds text, and keeps its end in view where that was so. */
  add(text: string): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#text
    this.#node.appendData(text)
    if (scrollHeight - scrollTop - clientHeight < 40) this.#text.scrollTop = this.#text.scrollHeight
  }

  /** What there is to say of the reading; read out, too. */
  say(state: string, isBad = false): void {
    tell(this.#state, state, isBad)
  }

  /** Whether more is to come. */
  setBusy(isBusy: boolean): void {
    this.#text.setAttribute('aria-busy', String(isBusy))
  }

  measured(figures: Figures | undefined, meter: Meter | undefined): void {
    if (this.#score) show(this.#score, String((figures && scoreOf(figures)) ?? '–'))
    if (!this.#figures) return
    showTerms(this.#figures, [
      ['TTFT', formatMs(figures?.firstMs)],
      ['Total', formatMs(figures?.totalMs)],
      ['Inter-token p50 / p99', `${formatMs(figures?.gapP50Ms)} / ${formatMs(figures?.gapP99Ms)}`],
      ['Bytes', formatBytes(meter?.bytes)],
      ['Chunks', formatCount(meter?.chunks)],
    ])
    this.#figures.children[2]?.classList.add('both')
  }
}
