/** How the speed of a backend changes while a batch runs. */
export const DRIFTS = ['steady', 'wander', 'steps', 'waves', 'trend', 'pauses'] as const
export type Drift = (typeof DRIFTS)[number]

/** How fast it is at a time; asked once a tick. */
export type Speed = (nowMs: number, tickMs: number) => number

/** A backend that drifts so, in a batch that takes about `wholeMs`. */
export function speedOf(drift: Drift, wholeMs: number, random: () => number): Speed {
  const between = (low: number, high: number): number => low + (high - low) * random()
  switch (drift) {
    case 'steady':
      return () => 1
    case 'wander': {
      const tau = wholeMs * 2 ** between(-6, -1)
      const sigma = between(0.1, 0.4)
      let log = sigma * gauss(random)
      return (_now, tick) => {
        log += (-log * tick) / tau + sigma * Math.sqrt((2 * tick) / tau) * gauss(random)
        return Math.exp(log)
      }
    }
    case 'steps': {
      let value = 1
      return (_now, tick) => {
        if (random() < (3 * tick) / wholeMs) value = Math.exp(0.35 * gauss(random))
        return value
      }
    }
    case 'waves': {
      const period = wholeMs * between(0.2, 2)
      const phase = between(0, 2 * Math.PI)
      const height = between(0.1, 0.4)
      return (now) => Math.exp(height * Math.sin((2 * Math.PI * now) / period + phase))
    }
    case 'trend': {
      const slope = between(-0.6, 0.6) / wholeMs
      return (now) => Math.exp(slope * Math.min(now, wholeMs))
    }
    case 'pauses': {
      const onMs = wholeMs * 2 ** between(-7, -4)
      const offMs = onMs * between(0.1, 0.6)
      let isOn = true
      return (_now, tick) => {
        if (random() < tick / (isOn ? onMs : offMs)) isOn = !isOn
        return isOn ? 1 : 0
      }
    }
  }
}

/** A number of the normal distribution. */
export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Numbers from 0 to 1, the same for the same seed. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
