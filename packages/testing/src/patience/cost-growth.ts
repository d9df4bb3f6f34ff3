const SAMPLES = 5
/** Less than this cannot be told apart. */
const LEAST_US = 500

/**
 * How many times as much a piece of work costs when its input is `factor` times as large: about `factor` where it is linear,
 * its square where it is quadratic. Processor time is counted, large and small by turns, and the cheapest of several runs
 * each: what else the machine does has no part in it.
 *
 * `prepare` makes the input, which costs nothing here, and gives what is measured.
 *
 * @example
 * ```ts
 * const parsing = (size: number) => {
 *   const text = '['.repeat(size)
 *   return () => parse(text)
 * }
 * const growth = await costGrowth(parsing, { size: 64 * 1024, factor: 8 })
 * if (growth > 8 ** 1.5) throw new Error(`Eight times the text costs ${growth} times as much.`)
 * ```
 */
export async function costGrowth(
  prepare: (size: number) => () => unknown,
  { size, factor }: { size: number; factor: number },
): Promise<number> {
  const [small, large] = [prepare(size), prepare(size * factor)]
  // Compiles it.
  await small()
  let [smallUs, largeUs] = [Infinity, Infinity]
  for (let sample = 0; sample < SAMPLES; sample++) {
    smallUs = Math.min(smallUs, await costUs(small))
    largeUs = Math.min(largeUs, await costUs(large))
  }
  return Math.max(LEAST_US, largeUs) / Math.max(LEAST_US, smallUs)
}

async function costUs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
