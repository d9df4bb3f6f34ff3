import { type RedisServer, startRedisServer } from '@sluice/testing/redis'

import type { Contestant } from '../contestants/roster.ts'
import type { Metrics, Row } from './row.ts'
import { Stage, type StageOptions } from '../load/stage.ts'
import { StoreStage } from '../stores/stage.ts'

/** One repetition: what each contestant gave, by name. */
export type Repetition = Readonly<Record<string, Metrics>>

/** Measures a row: in each repetition every contestant once, the order rotated so that none always goes first. */
export async function runTrials(
  row: Row,
  repetitions: number,
  options: StageOptions,
  tell: (line: string) => void,
): Promise<Repetition[]> {
  const done: Repetition[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const told = (name: string, metrics: Metrics): void =>
      tell(`${row.id} ${repetition + 1}/${repetitions} ${name} ${inShort(metrics)}`)
    done.push(await measured(row, repetition, options, told))
  }
  return done
}

type Tell = (name: string, metrics: Metrics) => void

async function measured(row: Row, repetition: number, options: StageOptions, tell: Tell): Promise<Repetition> {
  if ('measure' in row) {
    return inTurn(row.contestants, repetition, tell, async (one) => {
      await using redis = one.needsRedis ? await startRedisServer() : undefined
      return await onStage(new Stage(withRedis(one, redis), options), (stage) => row.measure(stage))
    })
  }
  if ('measureAlone' in row) return inTurn(row.contestants, repetition, tell, (one) => row.measureAlone(one, options))
  await using redis: RedisServer = await startRedisServer()
  return await inTurn(row.contestants, repetition, tell, (one) =>
    onStage(new StoreStage(one, redis, options), (stage) => row.measureStore(stage)),
  )
}

export function withRedis(contestant: Contestant, redis: { readonly url: string } | undefined): Contestant {
  return redis ? { ...contestant, options: { ...contestant.options, redisUrl: redis.url } } : contestant
}

/** Every contestant once, one after the other. */
async function inTurn<One extends { readonly name: string }>(
  contestants: readonly One[],
  repetition: number,
  tell: Tell,
  measure: (contestant: One) => Promise<Metrics>,
): Promise<Repetition> {
  const all: Record<string, Metrics> = {}
  for (const contestant of rotated(contestants, repetition)) {
    const metrics = await measure(contestant)
    all[contestant.name] = metrics
    tell(contestant.name, metrics)
  }
  return all
}

async function onStage<Of extends { ready(): Promise<void>; over(): Promise<void> }>(
  stage: Of,
  measure: (stage: Of) => Promise<Metrics>,
): Promise<Metrics> {
  try {
    await stage.ready()
    return await measure(stage)
  } finally {
    await stage.over()
  }
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  return items.map((_, index) => items[(index + by) % items.length]!)
}

function inShort(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
