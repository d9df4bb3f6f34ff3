import type { Situation } from './advice.ts'
import { escape } from './escape.ts'

const [WIDTH, HEIGHT] = [320, 220]
const [LEFT, TOP, RIGHT, BOTTOM] = [40, 24, 12, 36]

/** Each policy as a point: how much later the median token is painted, and what is left of the overhead. The front is a line. */
export function frontOf({ network, policies, choice }: Situation): string {
  const most = Math.max(20, ...policies.map(({ addedMs }) => addedMs))
  const x = (addedMs: number): number => LEFT + (Math.max(0, addedMs) / most) * (WIDTH - LEFT - RIGHT)
  const y = (overhead: number): number => TOP + (1 - Math.min(1.1, overhead) / 1.1) * (HEIGHT - TOP - BOTTOM)
  const front = policies.filter(({ isOnFront }) => isOnFront).toSorted((one, other) => one.addedMs - other.addedMs)
  const line = front.map(({ addedMs, overhead }) => `${round(x(addedMs))},${round(y(overhead))}`).join(' ')
  const points = policies.map((beside) => {
    const { addedMs, overhead, cell } = beside
    const [cx, cy] = [round(x(addedMs)), round(y(overhead))]
    const end = cx > WIDTH - 110
    const label = `<text x="${end ? cx - 7 : cx + 7}" y="${cy - 5}"${end ? ' text-anchor="end"' : ''}>${escape(cell.policy)}</text>`
    return `<circle cx="${cx}" cy="${cy}" r="4"${beside === choice ? ' class="chosen"' : ''}/>${label}`
  })
  const [bottom, middle] = [HEIGHT - BOTTOM, LEFT + (WIDTH - LEFT - RIGHT) / 2]
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(network)}: delay against overhead">
<text x="${LEFT}" y="14" class="title">${escape(network)}</text>
<path d="M${LEFT} ${TOP}V${bottom}H${WIDTH - RIGHT}" class="axis"/>
<text x="${middle}" y="${HEIGHT - 6}" text-anchor="middle">median token painted later, up to ${Math.round(most)} ms</text>
<text x="${LEFT - 6}" y="${round(y(1)) + 4}" text-anchor="end">× 1</text>
<text x="${LEFT - 6}" y="${bottom}" text-anchor="end">× 0</text>
<polyline points="${line}" class="front"/>
${points.join('')}
</svg>`
}

function round(value: number): number {
  return Math.round(10 * value) / 10
}
