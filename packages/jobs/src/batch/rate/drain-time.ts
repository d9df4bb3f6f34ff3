/** Lines that are looked at: the oldest. */
const MOST_AGES = 64
const STEPS = 30

/** How long it takes until the last of the lines that run has ended: three quantiles, in milliseconds. */
export interface DrainTime {
  readonly earliest: number
  readonly likely: number
  readonly latest: number
}

/**
 * By how long lines took, and how long those that run have taken yet: each is thought to take as long as one of the others that took longer
 * than it has. One that has taken longer than any is thought to take about half as long again.
 */
export function drainTime(times: readonly number[], ages: readonly number[]): DrainTime {
  const known = Float64Array.from(times).toSorted()
  const oldest = Float64Array.from(ages).toSorted().slice(-MOST_AGES)
  const longest = (known.at(-1) ?? 0) + (oldest.at(-1) ?? 0) * 4
  const at = (part: number): number => {
    let low = 0
    let high = longest
    for (let step = 0; step < STEPS && high - low > 0.005 * high; step++) {
      const middle = (low + high) / 2
      if (allDone(known, oldest, middle) < part) low = middle
      else high = middle
    }
    return high
  }
  return { earliest: at(0.1), likely: at(0.5), latest: at(0.9) }
}

/** How probable it is that all have ended in `ms`. */
function allDone(known: Float64Array, ages: Float64Array, ms: number): number {
  let probability = 1
  for (const age of ages) {
    const longer = known.length - placeOf(known, age)
    // One line more, which nobody has seen: as uncertain as its age.
    const unseen = 1 - Math.exp((-ms * Math.LN2) / Math.max(age / 2, 1))
    probability *= (placeOf(known, age + ms) - placeOf(known, age) + unseen) / (longer + 1)
    if (probability < 0.01) return probability
  }
  return probability
}

/** How many are at most so much. */
function placeOf(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** Ages of lines that run, where nobody says them: as of a backend that has been busy for long. */
export function usualAges(times: readonly number[], count: number): number[] {
  const known = times.toSorted((a, b) => a - b)
  const whole = known.reduce((sum, ms) => sum + ms, 0)
  const ages: number[] = []
  let sum = 0
  let at = 0
  for (let index = 0; index < count; index++) {
    // Among those that run there are more of the long ones, as many as they are longer.
    while (at < known.length - 1 && sum + known[at]! < (whole * (index + 0.5)) / count) sum += known[at++]!
    ages.push((known[at] ?? 0) * ((index * GOLDEN) % 1))
  }
  return ages
}

const GOLDEN = (Math.sqrt(5) - 1) / 2
