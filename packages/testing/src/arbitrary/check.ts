import fc from 'fast-check'

const env: Record<string, string | undefined> =
  (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}

/**
 * How often a property runs. `SLUICE_RUNS` overrides it; ask for more with `numRuns: 10 * RUNS`.
 * @defaultValue 1_000
 */
export const RUNS: number = toWholeNumber('SLUICE_RUNS', 1) ?? 1000

/** Where this process's random numbers begin. `SLUICE_SEED` repeats an earlier run. */
export const SEED: number = toWholeNumber('SLUICE_SEED', -(2 ** 31)) ?? Math.floor(Math.random() * 2 ** 31)

/** Whether what fails is made smaller. `SLUICE_SHRINK=0`: that it fails is enough, as where code was broken on purpose. */
const SHRINKS = env.SLUICE_SHRINK !== '0'

let announced = false

/**
 * Checks a property {@link RUNS} times from {@link SEED}, and prints that seed once, so that every run can be repeated.
 * `parameters` override both. A synchronous property throws at once; wait for the result of an asynchronous one.
 *
 * @example
 * ```ts
 * test('round trip', () => check(fc.property(hostileText(), (text) => decode(encode(text)) === text)))
 * ```
 */
export function check<Values>(
  property: fc.IRawProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): Promise<void> {
  announce()
  return Promise.resolve(fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: !SHRINKS, ...parameters }))
}

function announce(): void {
  if (announced) return
  announced = true
  // oxlint-disable-next-line no-console -- the one line without which a run cannot be repeated
  console.info(`Properties run with SLUICE_SEED=${SEED} SLUICE_RUNS=${RUNS}`)
}

function toWholeNumber(name: string, min: number): number | undefined {
  const text = env[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= min && value < 2 ** 31) return value
  throw new RangeError(`${name} is ${JSON.stringify(text)}; give it a whole number from ${min} to ${2 ** 31 - 1}`)
}
