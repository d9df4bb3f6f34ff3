import { escape } from '../simulator/report/escape.ts'
import { headOf, show } from '../trials/report.ts'
import type { Column } from '../trials/row.ts'
import { cellOf } from '../trials/verdict.ts'
import type { Outcome } from '../trials/report.ts'

const WIDTH = 340
const [TOP, LINE, BAR] = [26, 30, 9]
const VALUE_WIDTH = 56

/** One column as bars: a line for each contestant, the range of the repetitions on it; sluice's in colour. */
export function barsOf({ row, repetitions }: Outcome, column: Column): string {
  const bars = row.contestants.map(({ name }) => ({ name, ...cellOf(row, repetitions, name, column).value }))
  const most = Math.max(...bars.map(({ max }) => max).filter((value) => value > 0))
  const x = (value: number): number => round((Math.max(0, value) / most) * (WIDTH - VALUE_WIDTH))
  const height = TOP + bars.length * LINE
  const lines = bars.map(({ name, median, min, max }, index) => {
    const y = TOP + index * LINE
    const known = Number.isFinite(median)
    const bar = known ? `<rect class="bar" x="0" y="${y + 12}" width="${x(median)}" height="${BAR}"/>` : ''
    const range = known && max > min ? `<path class="range" d="M${x(min)} ${y + 12 + BAR / 2}H${x(max)}"/>` : ''
    const value = `<text x="${(known ? x(max) : 0) + 5}" y="${y + 20}">${show(median)}</text>`
    return `<g${isOurs(name) ? ' class="ours"' : ''}><text x="0" y="${y + 9}">${escape(name)}</text>${bar}${range}${value}</g>`
  })
  const title = escape(headOf(column))
  return `<svg viewBox="-8 0 ${WIDTH + 16} ${height + 6}" role="img" aria-label="${title}">
<text x="0" y="14" class="title">${title}${column.isGain ? ': more is better' : ''}</text>
${lines.join('\n')}
</svg>`
}

export function isOurs(name: string): boolean {
  return name.includes('sluice')
}

function round(value: number): number {
  return Math.round(10 * value) / 10
}
