import uPlot from 'uplot'

/** A line of a plot, and how it is drawn. */
export interface PlotLine {
  readonly label: string
  /** A colour of the style sheet, such as `--sluice`. */
  readonly colour: string
  readonly kind: 'steps' | 'line' | 'dots'
  readonly dash?: readonly number[]
}

/** Pairs of x and y, in the order of x. */
export type PlotPoints = readonly [x: readonly number[], y: readonly number[]]

const AXIS_PX = 56
const X_AXIS_PX = 30

/** A plot in the colours of the page, which can be zoomed with the pointer or by calling it. */
export class Plot {
  readonly #root: HTMLElement
  readonly #lines: readonly PlotLine[]
  readonly #axes: readonly [x: string, y: string]
  #plot: uPlot | undefined
  #points: readonly PlotPoints[] = []
  /** What is shown of x, where that is not all. */
  #range: readonly [number, number] | undefined

  constructor(root: HTMLElement, lines: readonly PlotLine[], axes: readonly [x: string, y: string]) {
    this.#root = root
    this.#lines = lines
    this.#axes = axes
    new ResizeObserver(() => this.#resize()).observe(root)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#remake())
  }

  /** Shows other points, one list for each line. */
  set(points: readonly PlotPoints[]): void {
    this.#points = points
    if (!this.#plot) return this.#remake()
    this.#plot.setData(this.#data(), false)
    this.#rescale()
  }

  /** Shows a part of what is shown: 0.5 the half of it around its middle, 2 twice as much. */
  zoom(factor: number): void {
    const [min, max] = this.#range ?? this.#whole()
    const middle = (min + max) / 2
    const half = ((max - min) / 2) * factor
    const [from, to] = this.#whole()
    this.#range = half * 2 >= to - from ? undefined : [Math.max(from, middle - half), Math.min(to, middle + half)]
    this.#rescale()
  }

  showAll(): void {
    this.#range = undefined
    this.#rescale()
  }

  /** From where to where it shows x. */
  get shown(): readonly [number, number] {
    return this.#range ?? this.#whole()
  }

  #whole(): readonly [number, number] {
    const last = Math.max(0, ...this.#points.map(([x]) => x.at(-1) ?? 0))
    return [0, Math.max(1, last)]
  }

  #rescale(): void {
    const [min, max] = this.#range ?? this.#whole()
    this.#plot?.setScale('x', { min, max })
  }

  #data(): uPlot.AlignedData {
    const tables = this.#points.map(([x, y]) => [[...x], [...y]] as uPlot.AlignedData)
    return tables.length === 0 ? [[]] : uPlot.join(tables)
  }

  #remake(): void {
    this.#plot?.destroy()
    this.#plot = undefined
    const { clientWidth, clientHeight } = this.#root
    // In a tab that is not shown there is no room yet.
    if (clientWidth === 0) return
    const [x, y] = this.#axes
    this.#plot = new uPlot(
      {
        width: clientWidth,
        height: clientHeight,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false } },
        scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.05)] } },
        axes: [
          { ...this.#axis(x), size: X_AXIS_PX },
          { ...this.#axis(y), size: AXIS_PX },
        ],
        series: [{}, ...this.#lines.map((line) => this.#series(line))],
        hooks: { setSelect: [(plot) => this.#selected(plot)], ready: [(plot) => this.#listen(plot)] },
      },
      this.#data(),
      this.#root,
    )
    this.#rescale()
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select
    if (width < 4) return
    this.#range = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
    this.#rescale()
  }

  #listen(plot: uPlot): void {
    plot.over.addEventListener('dblclick', () => this.showAll())
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#root
    if (!this.#plot) return this.#remake()
    if (width > 0) this.#plot.setSize({ width, height })
  }

  #axis(label: string): uPlot.Axis {
    const quiet = this.#colour('--quiet')
    const line = this.#colour('--line')
    const font = '12px system-ui, sans-serif'
    return {
      label,
      labelFont: font,
      font,
      stroke: quiet,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      labelSize: 20,
      gap: 4,
    }
  }

  #series({ label, colour, kind, dash }: PlotLine): uPlot.Series {
    const stroke = this.#colour(colour)
    const common = { label, stroke, spanGaps: true }
    if (kind === 'dots')
      return { ...common, paths: () => null, points: { show: true, size: 5, width: 0, fill: stroke, stroke } }
    return {
      ...common,
      width: 2,
      ...(kind === 'steps' && { paths: uPlot.paths.stepped!({ align: 1 }) }),
      ...(dash && { dash: [...dash] }),
      points: { show: false },
    }
  }

  /** As the canvas takes it: `light-dark()` is none of its colours. */
  #colour(name: string): string {
    const probe = document.createElement('span')
    probe.style.color = `var(${name})`
    this.#root.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
}
