import { make } from '../dom/find.ts'
import { formatBound, formatCount } from '../dom/format.ts'
import { show } from '../dom/show.ts'
import type { LiveHistogram } from '../server/live-answer.ts'

/** A histogram as a list of bars, which change in place. */
export class Bars {
  readonly #title: string
  readonly #what: HTMLElement = make('p')
  readonly #list: HTMLElement = make('ul')

  /** `rows`: so many there will be, so that nothing moves when they come. */
  constructor(parent: HTMLElement, { title, explanation, rows }: { title: string; explanation: string; rows: number }) {
    this.#title = title
    const section = make('section')
    section.className = 'card'
    const heading = make('h2', title)
    heading.id = `bars-${parent.childElementCount}`
    section.setAttribute('aria-labelledby', heading.id)
    this.#list.className = 'bars'
    this.#list.setAttribute('aria-label', `${title}: how many`)
    this.#list.append(...Array.from({ length: rows }, newBar))
    this.#what.className = 'hint'
    this.#what.textContent = explanation
    section.append(heading, this.#what, this.#list)
    parent.append(section)
  }

  show({ bounds, upTo, count }: LiveHistogram): void {
    const counts = [...upTo, count].map((all, index) => all - (index === 0 ? 0 : upTo[index - 1]!))
    const most = Math.max(1, ...counts)
    for (const [index, many] of counts.entries()) {
      const bound = bounds[index]
      const row = this.#list.children[index] ?? this.#list.appendChild(newBar())
      const [label, bar, number] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement]
      show(label, bound === undefined ? 'more' : `≤ ${formatBound(bound)}`)
      bar.style.width = `${(100 * many) / most}%`
      show(number, formatCount(many))
    }
    this.#list.setAttribute('aria-label', `${this.#title}, of ${formatCount(count)}`)
  }
}

function newBar(): HTMLElement {
  const row = make('li')
  row.append(make('span', '–'), make('i'), make('b'))
  return row
}
