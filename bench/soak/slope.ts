/** One reading of a process's memory. */
export interface Sample {
  atMinutes: number
  heapMib: number
}

/** Part of the samples that is not looked at: what fills up before a level is reached. */
const SETTLING_PART = 1 / 3

/** Rise of the straight line through the later samples, in MiB a minute, and their mean. */
export function slopeOf(samples: readonly Sample[]): { mibPerMinute: number; meanMib: number } {
  const settled = samples.slice(Math.floor(samples.length * SETTLING_PART))
  const mean = (of: (sample: Sample) => number): number =>
    settled.reduce((sum, sample) => sum + of(sample), 0) / settled.length
  const [meanAt, meanMib] = [mean(({ atMinutes }) => atMinutes), mean(({ heapMib }) => heapMib)]
  const covariance = mean(({ atMinutes, heapMib }) => (atMinutes - meanAt) * (heapMib - meanMib))
  const variance = mean(({ atMinutes }) => (atMinutes - meanAt) ** 2)
  return { mibPerMinute: covariance / variance, meanMib }
}
