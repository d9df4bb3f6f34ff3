/** A seeded source of random numbers: the same seed gives the same numbers for ever. */
export interface Random {
  /** At least 0, below 1. */
  fraction(): number
  /** A whole number, at least 0 and below `count`. */
  below(count: number): number
  /** Mostly near `median`, with a long tail; `sigma` is the spread of the logarithm. */
  logNormal(median: number, sigma: number): number
  /** A gamma distribution with this mean; the higher the whole number `shape`, the more even. */
  gamma(mean: number, shape: number): number
}

/**
 * Makes numbers that depend on `seeds` alone.
 *
 * @param seeds - anything JSON can write, such as a seed and what it is used for
 */
export function createRandom(...seeds: readonly unknown[]): Random {
  const fraction = createFractions(hash(JSON.stringify(seeds)))
  // 0 would turn the logarithms below into infinities.
  const positive = (): number => 1 - fraction()
  return {
    fraction,
    below: (count) => Math.floor(fraction() * count),
    logNormal(median, sigma) {
      const normal = Math.sqrt(-2 * Math.log(positive())) * Math.cos(2 * Math.PI * fraction())
      return median * Math.exp(sigma * normal)
    },
    gamma(mean, shape) {
      let product = 1
      for (let i = 0; i < shape; i++) product *= positive()
      return (-Math.log(product) * mean) / shape
    },
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}

/** Mulberry32: 32 bits of state are plenty for a few thousand delays. */
function createFractions(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
