import { byId } from '../dom/find.ts'
import { formatCount } from '../dom/format.ts'
import type { Mark, Trail } from '../panes/trail.ts'
import { Plot, type PlotLine, type PlotPoints } from './plot.ts'

const LINES: readonly (readonly [name: string, dash?: readonly number[]])[] = [
  ['sync', [8, 5]],
  ['naive', [3, 3]],
  ['sluice'],
]
const LABELS: Readonly<Record<string, string>> = { sync: 'Wait and dump', naive: 'Token by token', sluice: 'sluice' }

/** Characters over seconds, for each reader: dots where they arrived, steps where they were painted. */
export class Timeline {
  readonly #root: HTMLElement = byId('timeline')
  readonly #plot: Plot

  constructor() {
    const lines = LINES.flatMap(([name, dash = []]): PlotLine[] => [
      { label: `${LABELS[name]}, arrived`, colour: `--${name}`, kind: 'dots' },
      { label: `${LABELS[name]}, painted`, colour: `--${name}`, kind: 'steps', dash },
    ])
    this.#plot = new Plot(this.#root, lines, ['seconds', 'characters'])
    this.show([])
    byId('zoom-in').addEventListener('click', () => this.#zoom(0.5))
    byId('zoom-out').addEventListener('click', () => this.#zoom(2))
    byId('zoom-all').addEventListener('click', () => {
      this.#plot.showAll()
      this.#describe()
    })
  }

  /** For a new run: all of it is shown again. */
  clear(): void {
    this.#plot.showAll()
    this.show([])
  }

  /** Shows the trails, in the order of the panes. */
  show(trails: readonly Trail[]): void {
    const marks = LINES.flatMap((_, index) => {
      const trail = trails[index]
      return [pointsOf(trail?.arrivals ?? []), pointsOf(stepsOf(trail))]
    })
    this.#plot.set(marks)
    this.#describe(trails)
  }

  #zoom(factor: number): void {
    this.#plot.zoom(factor)
    this.#describe()
  }

  #trails: readonly Trail[] = []

  /** What a picture cannot say to everybody. */
  #describe(trails: readonly Trail[] = this.#trails): void {
    this.#trails = trails
    const [from, to] = this.#plot.shown
    const told = trails.map((trail, index) => {
      const name = LABELS[LINES[index]![0]]
      return `${name}: ${formatCount(trail.paintedChars)} characters in ${formatCount(trail.paints.length)} paints`
    })
    const what = told.length === 0 ? 'nothing has been started yet' : told.join('; ')
    this.#root.setAttribute(
      'aria-label',
      `Characters over time, from ${from.toFixed(1)} to ${to.toFixed(1)} s: ${what}.`,
    )
  }
}

/** More points than there is room for make no better picture. */
const MOST_POINTS = 2_000

function pointsOf(all: readonly Mark[]): PlotPoints {
  const every = Math.ceil(all.length / MOST_POINTS)
  const marks = every > 1 ? all.filter((_, index) => index % every === 0 || index === all.length - 1) : all
  return [marks.map(({ atMs }) => atMs / 1_000), marks.map(({ chars }) => chars)]
}

/** From nothing, so that the wait for the first text is seen. */
function stepsOf(trail: Trail | undefined): readonly Mark[] {
  return trail ? [{ atMs: 0, chars: 0 }, ...trail.paints] : []
}
