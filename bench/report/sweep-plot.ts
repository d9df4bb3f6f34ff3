import { escape } from '../simulator/report/escape.ts'
import { type Outcome, show } from '../trials/report.ts'
import { cellOf } from '../trials/verdict.ts'
import { isOurs } from './bars-plot.ts'

const [WIDTH, HEIGHT] = [340, 260]
const [LEFT, TOP, RIGHT, BOTTOM] = [44, 26, 142, 30]
const COLUMN = { what: 'p99 of fast readers', metric: 'fastP99Ms', unit: 'ms' }

/** Latency against load, a line for each contestant; milliseconds by powers of ten, since they run away. */
export function sweepOf(outcomes: readonly Outcome[]): string {
  const lines = outcomes[0]!.row.contestants.map(({ name }) => ({
    name,
    values: outcomes.map(({ row, repetitions }) => cellOf(row, repetitions, name, COLUMN).value.median),
  }))
  const all = lines.flatMap(({ values }) => values).filter((value) => value > 0)
  const [least, most] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))]
  const x = (index: number): number => LEFT + (index / Math.max(1, outcomes.length - 1)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number): number => {
    const part = (Math.log10(Math.max(value, 10 ** least)) - least) / (most - least)
    return Math.round(10 * (HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM))) / 10
  }
  const powers = Array.from({ length: most - least + 1 }, (_, index) => 10 ** (least + index))
  const grid = powers.map(
    (value) =>
      `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" class="axis"/><text x="${LEFT - 5}" y="${y(value) + 3}" text-anchor="end">${value < 1 ? value : show(value)}</text>`,
  )
  const loads = outcomes.map(
    ({ row }, index) =>
      `<text x="${x(index)}" y="${HEIGHT - 12}" text-anchor="middle">${escape(row.id.replace('transports-', ''))} %</text>`,
  )
  const labels = placed(lines.map(({ values }) => y(values.at(-1)!)))
  const paths = lines.map(({ name, values }, index) => {
    const points = values.map((value, at) => `${Math.round(x(at))},${y(value)}`).join(' ')
    const label = `<text x="${WIDTH - RIGHT + 6}" y="${labels[index]! + 3}">${escape(shortened(name))}</text>`
    return `<g${isOurs(name) ? ' class="ours"' : ''}><polyline class="line" points="${points}"/>${label}</g>`
  })
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="latency against load">
<text x="${LEFT}" y="14" class="title">p99 of fast readers, ms, by load</text>
${grid.join('')}${loads.join('')}
${paths.join('\n')}
</svg>`
}

/** Places for labels near where they belong, none on another. */
function placed(wanted: readonly number[]): number[] {
  const places = [...wanted]
  const order = wanted.map((_, index) => index).toSorted((one, other) => wanted[one]! - wanted[other]!)
  let last = -Infinity
  for (const index of order) {
    places[index] = last = Math.max(wanted[index]!, last + 11)
  }
  const over = Math.max(0, last - (HEIGHT - BOTTOM))
  return places.map((place) => place - over)
}

function shortened(name: string): string {
  return name.replace('adaptive + backpressure (sluice, SSE)', 'sluice, adaptive').replace(' (grpc-js, waits)', '')
}
