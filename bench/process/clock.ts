/**
 * Microseconds on the machine's monotonic clock: the same in every process, so that times taken on both sides of a
 * socket can be subtracted. (`performance.timeOrigin` is wall time, taken once per process, and drifts apart.)
 */
export function nowUs(): number {
  return performance.now() * 1_000 + OFFSET_US
}

const OFFSET_US = measureOffset()

/** The closest of several readings: the scheduler may step in between two clocks. */
function measureOffset(): number {
  let best = { offset: 0, width: Infinity }
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = process.hrtime.bigint()
    const here = performance.now() * 1_000
    const after = process.hrtime.bigint()
    const width = Number(after - before)
    if (width < best.width) best = { offset: Number(before + after) / 2_000 - here, width }
  }
  return best.offset
}
