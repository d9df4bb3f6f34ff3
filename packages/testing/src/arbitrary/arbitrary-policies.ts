import type { ChunkingPolicy, PolicyView } from '@sluice/core'
import fc from 'fast-check'

/** A decision of a policy. */
type Take = (view: PolicyView) => number

const maxDelayMs: fc.Arbitrary<number> = fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 5000 }))
const count: fc.Arbitrary<number> = fc.integer({ min: 1, max: 64 })

function definePolicy(take: fc.Arbitrary<readonly [string, Take]>): fc.Arbitrary<ChunkingPolicy> {
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

const lawfulTake: fc.Arbitrary<readonly [string, Take]> = fc.oneof(
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

/**
 * Pure chunking policies that keep to their contract: fixed, waiting, all, never, at separators, pseudo-random.
 * Their names say what they do.
 *
 * @example
 * ```ts
 * check(fc.property(lawfulPolicies(), sourceItems(), (policy, items) => textThrough(policy, items) === expectedText(items)))
 * ```
 */
export function lawfulPolicies(): fc.Arbitrary<ChunkingPolicy> {
  return definePolicy(lawfulTake)
}

function throwPolicyError(): never {
  throw new Error('the policy threw')
}

const nonsense: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  ...[NaN, -Infinity, -0, 0.5, 1.5, -2.5, 2 ** 53, -(2 ** 53), 2 ** 32 + 1, 1e300],
  ...['3', '', null, undefined, {}, [2], true, 3n, Symbol('take'), Promise.resolve(2)],
)

const unlawfulTake: fc.Arbitrary<readonly [string, Take]> = fc.oneof(
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

/**
 * Policies that break their contract: they give NaN, fractions, strings, nothing, or throw, always or now and then.
 * A reader must still get everything within `maxDelayMs`.
 *
 * @example
 * ```ts
 * check(fc.property(unlawfulPolicies(), (policy) => deliversEverything(policy)))
 * ```
 */
export function unlawfulPolicies(): fc.Arbitrary<ChunkingPolicy> {
  return definePolicy(unlawfulTake)
}
