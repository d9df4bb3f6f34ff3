import { requirePace } from './policy-rules.ts'
import type { Chunker, ChunkingPolicy, Pace, PolicyReader, PolicyView, StatefulPolicy } from './policy.ts'

/**
 * What decides for one reading: what a stateful policy creates for it, or the policy itself. For policies that wrap others.
 *
 * @throws TypeError that names the policy, if it throws or creates something else
 * @example
 * ```ts
 * const atLeastTwo: ChunkingPolicy = {
 *   name: 'at-least-two',
 *   maxDelayMs: 50,
 *   create(reader) {
 *     const inner = chunkerOf(adaptive({ maxDelayMs: 50 }), reader)
 *     return { ...inner, take: (view) => (view.pending < 2 ? -2 : inner.take(view)) }
 *   },
 * }
 * ```
 */
export function chunkerOf(policy: ChunkingPolicy, reader: PolicyReader): Chunker {
  const chunker: unknown = policy.create ? create(policy, reader) : policy
  if (!isChunker(chunker)) {
    throw new TypeError(`The chunking policy "${policy.name}" created no { boundMs?, maxTokens?, take(view) }.`)
  }
  const { maxTokens } = chunker
  if (maxTokens !== undefined && !(maxTokens >= 1)) throw wrongAnswer(policy, 'maxTokens', maxTokens, '1 or more')
  return chunker
}

/** The bound that `chunker` gives to all events of its reading; `undefined` where it depends on the phase. */
export function constantBoundMs(policy: ChunkingPolicy, { boundMs }: Chunker): number | undefined {
  if (boundMs === undefined) return policy.maxDelayMs
  return typeof boundMs === 'function' ? undefined : requireBound(policy, boundMs)
}

/** The bound of the events that have just become readable. */
export function askBoundMs(policy: ChunkingPolicy, chunker: Chunker, view: PolicyView): number {
  let answer: unknown
  try {
    answer = typeof chunker.boundMs === 'function' ? chunker.boundMs(view) : chunker.boundMs
  } catch (error) {
    throw thrownBy(policy, 'boundMs', error)
  }
  return requireBound(policy, answer)
}

/** How many events leave now. */
export function askTake(policy: ChunkingPolicy, chunker: Chunker, view: PolicyView): number {
  let answer: unknown
  try {
    answer = chunker.take(view)
  } catch (error) {
    throw thrownBy(policy, 'take', error)
  }
  if (typeof answer === 'number' && !Number.isNaN(answer)) return answer
  throw wrongAnswer(policy, 'take', answer, 'a number')
}

/** The pace from now on. */
export function askPace(policy: ChunkingPolicy, view: PolicyView): Pace | undefined {
  try {
    const pace = typeof policy.pace === 'function' ? policy.pace(view) : policy.pace
    return pace === undefined ? undefined : requirePace('pace', pace)
  } catch (error) {
    throw thrownBy(policy, 'pace', error)
  }
}

function create(policy: StatefulPolicy, reader: PolicyReader): unknown {
  try {
    return policy.create(reader)
  } catch (error) {
    throw thrownBy(policy, 'create', error)
  }
}

function isChunker(value: unknown): value is Chunker {
  return typeof value === 'object' && value !== null && 'take' in value && typeof value.take === 'function'
}

function requireBound(policy: ChunkingPolicy, answer: unknown): number {
  if (typeof answer === 'number' && answer >= 0 && answer <= policy.maxDelayMs) return answer
  throw wrongAnswer(policy, 'boundMs', answer, `a number from 0 to its maxDelayMs, ${policy.maxDelayMs}`)
}

function thrownBy({ name }: ChunkingPolicy, member: string, cause: unknown): TypeError {
  return new TypeError(`The chunking policy "${name}" threw in ${member}: ${String(cause)}`, { cause })
}

function wrongAnswer({ name }: ChunkingPolicy, member: string, answer: unknown, rule: string): TypeError {
  return new TypeError(`The chunking policy "${name}" answered ${String(answer)} for ${member}; it must be ${rule}.`)
}
