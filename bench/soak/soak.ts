import { ReplyMeddler, startRedisServer } from '@sluice/testing/redis'

import { Child } from '../process/child.ts'
import type { Memory } from '../contestants/host.ts'
import type { Shape } from '../traffic/source.ts'
import { dropReplies } from './drops.ts'
import { killConnections } from './kills.ts'
import type { ProduceInput } from './program.ts'
import type { Followings } from './reader.ts'
import { type Sample, slopeOf } from './slope.ts'
import { Tally } from './tally.ts'

/** How long, and how much. */
export interface SoakOptions {
  minutes: number
  /** Running at any time, half of them in each instance. */
  streams: number
}

const TOKENS_PER_SECOND = 20
/** A stream lasts this long, so that many begin and end meanwhile. */
const [MIN_SECONDS, MAX_SECONDS] = [10, 40]
/** Ended streams are let go soon, so that Redis comes to a level too. */
const RETENTION_MS = 30_000
const MIB = 2 ** 20
/** A heap counts as flat when it rises by less than this part of its mean in a minute. */
const FLAT_PART = 0.01
/** Shorter runs reach no level: what is let go after a while (logs at hand: 30 s) has hardly begun to be. */
const MIN_MINUTES_JUDGED = 5
const MAX_HANGS_SHOWN = 20

/**
 * Two instances on one Redis, each producing half of the streams and reading all of them, while connections are killed and single
 * replies get lost.
 * Prints one summary; resolves with whether all was well.
 */
export async function soak({ minutes, streams }: SoakOptions): Promise<boolean> {
  await using redis = await startRedisServer()
  await using here = await ReplyMeddler.start(redis.port)
  await using there = await ReplyMeddler.start(redis.port)
  const meddlers = [here, there] as const
  const [one, other] = meddlers.map(
    ({ url }) => new Child('soak/program.ts', [JSON.stringify({ store: 'redis', url, retentionMs: RETENTION_MS })]),
  )
  const instances = [one!, other!] as const
  const tally = new Tally()
  const samples: [Sample[], Sample[]] = [[], []]
  try {
    for (const instance of instances) {
      await instance.ask('ready')
      await instance.ask('begin', { shapes: shapes() })
    }
    const startedMs = performance.now()
    const untilMs = startedMs + minutes * 60_000
    const stopKilling = killConnections(redis)
    const stopDropping = dropReplies(meddlers)
    const sampling = setInterval(() => void sample(instances, samples, startedMs), sampleEveryMs(minutes))
    await Promise.all(Array.from({ length: streams }, (_, slot) => fillSlot(instances, tally, { slot, untilMs })))
    clearInterval(sampling)
    tally.kills = await stopKilling()
    tally.drops = await stopDropping()
    const redisMib = (await redis.usedMemory()) / MIB
    return print({ tally, samples, redisMib, minutes, streams })
  } finally {
    await Promise.all(instances.map((instance) => instance.stop()))
  }
}

/** One stream after the other, until it is time. */
async function fillSlot(
  instances: readonly [Child, Child],
  tally: Tally,
  { slot, untilMs }: { slot: number; untilMs: number },
): Promise<void> {
  const [here, there] = slot % 2 === 0 ? instances : instances.toReversed()
  // Streams set off apart from each other, as they do in life.
  await new Promise((resolve) => setTimeout(resolve, (slot * 618) % 2_000))
  for (let left = secondsUntil(untilMs); left >= 1; left = secondsUntil(untilMs)) {
    const seconds = Math.min(left, MIN_SECONDS + Math.floor(Math.random() * (MAX_SECONDS - MIN_SECONDS + 1)))
    const stream = tally.streams++
    const tokens = seconds * TOKENS_PER_SECOND
    const id = await here!.ask<string>('produce', { stream, tokens, shape: String(seconds) } satisfies ProduceInput)
    const readings = [here!.ask<Followings>('own', { id }), there!.ask<Followings>('follow', { id, stream, tokens })]
    for (const followings of await Promise.all(readings)) tally.add(followings)
    tally.tokens += tokens
  }
}

function shapes(): Record<string, Shape> {
  const all: Record<string, Shape> = {}
  for (let seconds = 1; seconds <= MAX_SECONDS; seconds++) {
    all[seconds] = { tokens: seconds * TOKENS_PER_SECOND, tokensPerSecond: TOKENS_PER_SECOND }
  }
  return all
}

async function sample(
  instances: readonly [Child, Child],
  samples: [Sample[], Sample[]],
  startedMs: number,
): Promise<void> {
  for (const [index, instance] of instances.entries()) {
    const { heap } = await instance.ask<Memory>('memory')
    samples[index]!.push({ atMinutes: (performance.now() - startedMs) / 60_000, heapMib: heap / MIB })
  }
}

function sampleEveryMs(minutes: number): number {
  return Math.min(15_000, Math.max(3_000, (minutes * 60_000) / 40))
}

function secondsUntil(untilMs: number): number {
  return Math.floor((untilMs - performance.now()) / 1_000)
}

interface Result extends SoakOptions {
  tally: Tally
  samples: readonly (readonly Sample[])[]
  redisMib: number
}

function print({ tally, samples, redisMib, minutes, streams }: Result): boolean {
  const slopes = samples.map(slopeOf)
  const flat = minutes < MIN_MINUTES_JUDGED || slopes.every((one) => one.mibPerMinute < FLAT_PART * one.meanMib)
  const heaps = slopes.map(
    ({ mibPerMinute, meanMib }) => `${meanMib.toFixed(1)} MiB, ${mibPerMinute.toFixed(2)} MiB a minute`,
  )
  const cuts = [...tally.cuts].map(([ending, count]) => `${count} × ${ending}`)
  const lines = [
    `Soak: ${streams} streams at ${TOKENS_PER_SECOND} tokens a second for ${minutes} min over two instances, connections killed and replies dropped.`,
    `${tally.streams} streams, ${tally.tokens} tokens, ${tally.readings} readings, ${tally.resumes} left and resumed, ${tally.retries} begun again after an error, ${tally.kills} connections killed, ${tally.drops} replies and messages dropped.`,
    `gaps ${tally.gaps}, duplicates ${tally.duplicates}, other differences ${tally.others}, hangs ${tally.hangs.length}, ends that were not complete ${cuts.length === 0 ? 0 : cuts.join(', ')}.`,
    `Heap after collection, mean and slope: ${heaps.join('; ')}${minutes < MIN_MINUTES_JUDGED ? ' (too short to judge)' : flat ? ' (flat)' : ' (**rising**)'}. Redis at the end: ${redisMib.toFixed(1)} MiB.`,
    ...tally.hangs.slice(0, MAX_HANGS_SHOWN).map((hang) => `  hung: ${hang}`),
    tally.clean && flat ? 'pass' : '**miss**',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return tally.clean && flat
}
