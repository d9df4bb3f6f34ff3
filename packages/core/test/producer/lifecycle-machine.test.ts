/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import type { OnDisconnect } from '@sluice/core'
import {
  beginLifecycle,
  type LifecycleRules,
  type LifecycleState,
  nextDueMs,
  type SourceProgress,
  stepLifecycle,
} from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

const DEPTH = 8
const GRACE_MS = 20
const UNATTACHED_MS = 30
const DEADLINES = { firstTokenMs: 50, idleMs: 40, totalMs: 70 } as const

/** What is known from outside, kept without the machine: when the last reader left, whether there ever was one. */
interface World {
  state: LifecycleState
  nowMs: number
  readers: number
  /** Of those who are gone for the moment, how many are expected back. */
  returning: number
  everAttached: boolean
  alone: number
  source: SourceProgress
  /** Why it ended. */
  ended: string | undefined
}

type Move = { name: string; apply: (world: World, rules: LifecycleRules) => World | undefined }

function command(world: World, rules: LifecycleRules, count: number, returning = world.returning): World {
  const step = stepLifecycle(rules, world.state, { type: 'readers', count, returning, nowMs: world.nowMs })
  const alone = count === 0 && world.readers > 0 ? world.nowMs : world.alone
  const everAttached = world.everAttached || count > 0
  const next = { ...world, state: step.state, readers: count, returning, alone, everAttached }
  return step.verdict ? finish(next, rules, step.verdict.end) : next
}

function finish(world: World, rules: LifecycleRules, why: string): World {
  return { ...world, ended: why, state: stepLifecycle(rules, world.state, { type: 'over' }).state }
}

function tick(ms: number): Move {
  return {
    name: `${ms} ms`,
    apply(world, rules) {
      const nowMs = world.nowMs + ms
      const step = stepLifecycle(rules, world.state, { type: 'tick', nowMs, source: world.source })
      const next = { ...world, nowMs, state: step.state }
      return step.verdict ? finish(next, rules, step.verdict.end) : next
    },
  }
}

const MOVES: readonly Move[] = [
  {
    name: 'attach',
    apply: (world, rules) => (world.readers < 2 ? command(world, rules, world.readers + 1) : undefined),
  },
  {
    name: 'detach',
    apply: (world, rules) => (world.readers > 0 ? command(world, rules, world.readers - 1) : undefined),
  },
  {
    name: 'step out',
    apply: (world, rules) =>
      world.readers > 0 && world.returning < 1
        ? command(world, rules, world.readers - 1, world.returning + 1)
        : undefined,
  },
  {
    name: 'stay away',
    apply: (world, rules) =>
      world.returning > 0 ? command(world, rules, world.readers, world.returning - 1) : undefined,
  },
  { name: 'cancel', apply: (world, rules) => finish(world, rules, 'client') },
  { name: 'complete', apply: (world, rules) => finish(world, rules, 'complete') },
  {
    name: 'pull',
    apply: (world) => ({ ...world, source: { ...world.source, pullSinceMs: world.nowMs } }),
  },
  {
    name: 'event',
    apply: (world) => ({ ...world, source: { pullSinceMs: Infinity, yielded: true } }),
  },
  tick(GRACE_MS - 1),
  tick(1),
  tick(UNATTACHED_MS),
]

/** The rules of contract 4 and 9, spelled out: why a stream in this state must end at `nowMs`. */
function expectedVerdict(world: World, rules: LifecycleRules, nowMs: number): string | undefined {
  const { onDisconnect, deadlines } = rules
  if (world.readers + world.returning === 0 && onDisconnect !== 'continue') {
    if (!world.everAttached && nowMs >= UNATTACHED_MS) return 'disconnect'
    if (world.everAttached && typeof onDisconnect === 'object' && nowMs >= world.alone + onDisconnect.graceMs) {
      return 'disconnect'
    }
  }
  const limit = world.source.yielded ? deadlines.idleMs : deadlines.firstTokenMs
  if (deadlines.totalMs !== false && nowMs >= deadlines.totalMs) return 'deadline'
  return limit !== false && nowMs >= world.source.pullSinceMs + limit ? 'deadline' : undefined
}

function explore(rules: LifecycleRules, visit: (before: World, move: Move, after: World) => void): number {
  const begun: World = {
    state: beginLifecycle(rules, 0),
    nowMs: 0,
    readers: 0,
    returning: 0,
    everAttached: false,
    alone: 0,
    source: { pullSinceMs: Infinity, yielded: false },
    ended: undefined,
  }
  let level = new Map([['', begun]])
  let steps = 0
  for (let depth = 0; depth < DEPTH; depth++) {
    const next = new Map<string, World>()
    for (const world of level.values()) {
      for (const move of MOVES) {
        const moved = move.apply(world, rules)
        if (!moved) continue
        visit(world, move, moved)
        steps++
        if (!moved.ended)
          next.set(
            JSON.stringify(moved, (_, value: unknown) => (value === Infinity ? '∞' : value)),
            moved,
          )
      }
    }
    level = next
  }
  return steps
}

const POLICIES: readonly OnDisconnect[] = ['cancel', 'continue', { graceMs: GRACE_MS }, { graceMs: 0 }]
const OFF = { firstTokenMs: false, idleMs: false, totalMs: false } as const
const CASES = POLICIES.flatMap((onDisconnect) => [
  { onDisconnect, deadlines: OFF, unattachedMs: UNATTACHED_MS },
  { onDisconnect, deadlines: DEADLINES, unattachedMs: UNATTACHED_MS },
])

describe.each(CASES)('contract 9, lifecycle of $onDisconnect with deadlines $deadlines', (rules) => {
  test('ends exactly when the rules say so, for their reason, in every order up to 8 steps', () => {
    const steps = explore(rules, (before, { name }, after) => {
      if (['cancel', 'complete', 'pull', 'event', 'attach', 'step out'].includes(name)) return
      const leaves = name === 'detach' || name === 'stay away'
      const left = leaves && after.readers + after.returning === 0 && rules.onDisconnect === 'cancel'
      const due = leaves ? undefined : expectedVerdict(before, rules, after.nowMs)
      const expected = left ? 'disconnect' : due
      if (after.ended !== expected) {
        throw new Error(`${after.ended} instead of ${expected} after ${name}: ${JSON.stringify({ before, after })}`)
      }
    })
    expect(steps).toBeGreaterThan(1000)
  })

  test('asks for a tick never later than the first possible verdict, and never for one that decides nothing', () => {
    explore(rules, (_, __, world) => {
      const dueMs = nextDueMs(rules, world.state, world.source)
      if (world.ended && dueMs !== Infinity) throw new Error(`due at ${dueMs} after the end: ${JSON.stringify(world)}`)
      if (world.ended) return
      for (let nowMs = world.nowMs; nowMs < Math.min(dueMs, world.nowMs + 200); nowMs++) {
        if (expectedVerdict(world, rules, nowMs))
          throw new Error(`due at ${nowMs}, not ${dueMs}: ${JSON.stringify(world)}`)
      }
      if (dueMs < Infinity) {
        const atMs = Math.max(dueMs, world.nowMs)
        const { verdict } = stepLifecycle(rules, world.state, { type: 'tick', nowMs: atMs, source: world.source })
        if (!verdict) throw new Error(`a tick at ${atMs} decides nothing: ${JSON.stringify(world)}`)
      }
    })
  })

  test('contract 3: after its end nothing is decided any more', () => {
    explore(rules, (_, __, { ended, state, nowMs, source }) => {
      if (!ended) return
      const commands = [
        { type: 'readers', count: 0, nowMs },
        { type: 'readers', count: 1, nowMs },
        { type: 'tick', nowMs: nowMs + 1e9, source },
      ] as const
      for (const command of commands) {
        const step = stepLifecycle(rules, state, command)
        if (step.state !== state || step.verdict) throw new Error(`${command.type} decides: ${JSON.stringify(step)}`)
      }
    })
  })
})

test('contract 9: a re-attach within grace keeps the stream, one at its end does not bring it back', () => {
  const rules = { onDisconnect: { graceMs: GRACE_MS }, deadlines: OFF, unattachedMs: UNATTACHED_MS }
  const source = { pullSinceMs: Infinity, yielded: false }
  let { state } = stepLifecycle(rules, beginLifecycle(rules, 0), { type: 'readers', count: 1, nowMs: 5 })
  ;({ state } = stepLifecycle(rules, state, { type: 'readers', count: 0, nowMs: 10 }))
  expect(nextDueMs(rules, state, source)).toBe(30)
  const kept = stepLifecycle(rules, state, { type: 'readers', count: 1, nowMs: 29 })
  expect(stepLifecycle(rules, kept.state, { type: 'tick', nowMs: 1e6, source }).verdict).toBeUndefined()
  const lost = stepLifecycle(rules, state, { type: 'tick', nowMs: 30, source })
  expect(lost.verdict).toEqual({ end: 'disconnect', limit: 'onDisconnect.graceMs' })
})

test('contract 9: a reader that is expected back keeps the stream, and its grace begins when it steps out', () => {
  const source = { pullSinceMs: Infinity, yielded: false }
  const steppedOut = (rules: LifecycleRules): LifecycleState => {
    const { state } = stepLifecycle(rules, beginLifecycle(rules, 0), { type: 'readers', count: 1, nowMs: 0 })
    return stepLifecycle(rules, state, { type: 'readers', count: 0, returning: 1, nowMs: 10 }).state
  }
  const staysAway = (rules: LifecycleRules, nowMs: number): [string | undefined, number] => {
    const { state, verdict } = stepLifecycle(rules, steppedOut(rules), { type: 'readers', count: 0, nowMs })
    return [verdict?.end, nextDueMs(rules, state, source)]
  }
  const rulesFor = (onDisconnect: OnDisconnect): LifecycleRules => ({
    onDisconnect,
    deadlines: OFF,
    unattachedMs: UNATTACHED_MS,
  })
  for (const onDisconnect of POLICIES)
    expect(nextDueMs(rulesFor(onDisconnect), steppedOut(rulesFor(onDisconnect)), source)).toBe(Infinity)
  expect(staysAway(rulesFor('cancel'), 15)).toEqual(['disconnect', Infinity])
  expect(staysAway(rulesFor('continue'), 15)).toEqual([undefined, Infinity])
  for (const nowMs of [15, 40]) expect(staysAway(rulesFor({ graceMs: GRACE_MS }), nowMs)).toEqual([undefined, 30])
})
