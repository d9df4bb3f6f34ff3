import type { Chunker, ChunkingPolicy, PolicyView } from '@sluice/core'
import fc from 'fast-check'

/** A decision of a policy. */
type Take = (view: PolicyView) => number
/** A decision and what it is called. */
type NamedTake = readonly [string, Take]

const maxDelayMs: fc.Arbitrary<number> = fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 5000 }))
const count: fc.Arbitrary<number> = fc.integer({ min: 1, max: 64 })
/** A part of `maxDelayMs`. */
const part: fc.Arbitrary<number> = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))

function purePolicies(take: fc.Arbitrary<NamedTake>): fc.Arbitrary<ChunkingPolicy> {
  return fc.tuple(take, maxDelayMs).map(([[name, take], maxDelayMs]) => ({ name, maxDelayMs, take }))
}

/** Pseudo-random and still pure: the same view gives the same number. */
function hashOf(view: PolicyView, seed: number): number {
  const facts = [view.position, view.pending, view.pendingBytes, Number(view.live), Number(view.writable)]
  return facts.reduce((hash, fact) => Math.imul(hash ^ fact, 0x9e3779b1) >>> 0, seed)
}

function takeUntilLast(view: PolicyView, separator: string): number {
  return view.pieces().findLastIndex((piece) => piece?.includes(separator) === true) + 1
}

const lawfulTake: fc.Arbitrary<NamedTake> = fc.oneof(
  count.map((n) => [`always ${n}`, () => n] as const),
  count.map((n) => [`${n} or wait`, (view: PolicyView) => (view.pending >= n ? n : -n)] as const),
  count.map((n) => [`all once ${n} are there`, (view: PolicyView) => (view.pending >= n ? Infinity : 0)] as const),
  fc.constant(['always all', () => Infinity] as const),
  fc.constant(['never', () => 0] as const),
  fc.constant(['never, for long', () => -1e9] as const),
  fc
    .constantFrom(' ', '\n', '。')
    .map((at) => [`until ${JSON.stringify(at)}`, (view: PolicyView) => takeUntilLast(view, at)] as const),
  fc.nat().map((seed) => [`random ${seed}`, (view: PolicyView) => (hashOf(view, seed) % 12) - 4] as const),
)

/** What a reading with phases does in one of them, and for how many of its events. */
interface Phase {
  take: NamedTake
  /** The bounds that it gives, in turns. */
  boundParts: readonly number[]
  events: number
}

const phase: fc.Arbitrary<Phase> = fc.record({
  take: lawfulTake,
  boundParts: fc.array(part, { minLength: 1, maxLength: 3 }),
  events: fc.nat({ max: 20 }),
})

/** A chunker that goes from phase to phase as its events leave, and stays in the last. */
function createPhased(phases: readonly Phase[], maxDelayMs: number, maxTokens: number | undefined): Chunker {
  let current = 0
  let sinceEvent = 0
  let bounds = 0
  function phaseOf({ position }: PolicyView): Phase {
    while (current < phases.length - 1 && position - sinceEvent >= phases[current]!.events) {
      sinceEvent += phases[current++]!.events
    }
    return phases[current]!
  }
  return {
    maxTokens,
    boundMs(view) {
      const { boundParts } = phaseOf(view)
      return boundParts[bounds++ % boundParts.length]! * maxDelayMs
    },
    take: (view) => phaseOf(view).take[1](view),
  }
}

const statefulPolicies: fc.Arbitrary<ChunkingPolicy> = fc
  .record({
    phases: fc.array(phase, { minLength: 1, maxLength: 4 }),
    maxDelayMs,
    maxTokens: fc.option(count, { nil: undefined }),
    constant: fc.boolean(),
  })
  .map(({ phases, maxDelayMs, maxTokens, constant }) => ({
    name: phases.map(({ take: [name], events }) => `${name} for ${events}`).join(', then '),
    maxDelayMs,
    create() {
      const phased = createPhased(phases, maxDelayMs, maxTokens)
      return constant ? { ...phased, boundMs: phases[0]!.boundParts[0]! * maxDelayMs } : phased
    },
  }))

/**
 * Chunking policies that keep to their contract. Pure ones: fixed, waiting, all, never, at separators, pseudo-random. Stateful
 * ones: several of these one after the other, each with a bound of its own. Their names say what they do.
 *
 * @example
 * ```ts
 * check(fc.property(lawfulPolicies(), sourceItems(), (policy, items) => textThrough(policy, items) === expectedText(items)))
 * ```
 */
export function lawfulPolicies(): fc.Arbitrary<ChunkingPolicy> {
  return fc.oneof({ weight: 2, arbitrary: purePolicies(lawfulTake) }, { weight: 1, arbitrary: statefulPolicies })
}

function throwPolicyError(): never {
  throw new Error('the policy threw')
}

const nonsense: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  ...[NaN, -Infinity, -0, 0.5, 1.5, -2.5, 2 ** 53, -(2 ** 53), 2 ** 32 + 1, 1e300],
  ...['3', '', null, undefined, {}, [2], true, 3n, Symbol('take'), Promise.resolve(2)],
)

const unlawfulTake: fc.Arbitrary<NamedTake> = fc.oneof(
  nonsense.map((value) => [`always ${fc.stringify(value)}`, () => value as number] as const),
  fc.constant(['throws', throwPolicyError] as const),
  fc
    .tuple(fc.nat(), fc.array(nonsense, { minLength: 1, maxLength: 4 }))
    .map(([seed, values]) => [`nonsense ${seed}`, (view: PolicyView) => takeNonsense(view, seed, values)] as const),
)

function takeNonsense(view: PolicyView, seed: number, values: readonly unknown[]): number {
  const hash = hashOf(view, seed)
  if (hash % 4 === 0) return (hash >> 8) % 6
  return hash % 4 === 1 ? throwPolicyError() : (values[hash % values.length] as number)
}

const unlawfulCreate: fc.Arbitrary<readonly [string, () => unknown]> = fc.oneof(
  nonsense.map((value) => [`creates ${fc.stringify(value)}`, () => value] as const),
  fc.constant(['throws in create', throwPolicyError] as const),
  fc.constant(['throws in boundMs', () => ({ take: () => 0, boundMs: throwPolicyError })] as const),
  nonsense.map(
    (value) => [`bounds by ${fc.stringify(value)}`, () => ({ take: () => 0, boundMs: () => value })] as const,
  ),
  nonsense.map((value) => [`is bound by ${fc.stringify(value)}`, () => ({ take: () => 0, boundMs: value })] as const),
  unlawfulTake.map(([name, take]) => [`${name}, created`, () => ({ take })] as const),
)

/**
 * Policies that break their contract: they give NaN, fractions, strings, nothing, bounds out of range, or throw, always or now
 * and then. A reader must still get everything within `maxDelayMs`, or be cut loudly.
 *
 * @example
 * ```ts
 * check(fc.property(unlawfulPolicies(), (policy) => deliversEverything(policy)))
 * ```
 */
export function unlawfulPolicies(): fc.Arbitrary<ChunkingPolicy> {
  const stateful = fc
    .tuple(unlawfulCreate, maxDelayMs)
    .map(([[name, create], maxDelayMs]): ChunkingPolicy => ({ name, maxDelayMs, create: create as () => Chunker }))
  return fc.oneof({ weight: 2, arbitrary: purePolicies(unlawfulTake) }, { weight: 1, arbitrary: stateful })
}
