import { type RedisServer, startRedisServer } from '@sluice/testing/redis'

import type { AloneRow, Metrics, Row, ServerRow, StoreRow } from './row.ts'
import { Stage, type StageOptions } from './stage.ts'
import { StoreStage } from './stores/stage.ts'

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
    if ('measure' in row) done.push(await servers(row, repetition, options, told))
    else if ('measureStore' in row) done.push(await stores(row, repetition, options, told))
    else done.push(await alone(row, repetition, options, told))
  }
  return done
}

type Tell = (name: string, metrics: Metrics) => void

async function servers(row: ServerRow, repetition: number, options: StageOptions, tell: Tell): Promise<Repetition> {
  const measured: Record<string, Metrics> = {}
  for (const contestant of rotated(row.contestants, repetition)) {
    const stage = new Stage(contestant, options)
    try {
      await stage.ready()
      measured[contestant.name] = await row.measure(stage)
    } finally {
      await stage.over()
    }
    tell(contestant.name, measured[contestant.name]!)
  }
  return measured
}

async function stores(row: StoreRow, repetition: number, options: StageOptions, tell: Tell): Promise<Repetition> {
  const measured: Record<string, Metrics> = {}
  await using redis: RedisServer = await startRedisServer()
  for (const contestant of rotated(row.contestants, repetition)) {
    const stage = new StoreStage(contestant, redis, options)
    try {
      await stage.ready()
      measured[contestant.name] = await row.measureStore(stage)
    } finally {
      await stage.over()
    }
    tell(contestant.name, measured[contestant.name]!)
  }
  return measured
}

async function alone(row: AloneRow, repetition: number, options: StageOptions, tell: Tell): Promise<Repetition> {
  const measured: Record<string, Metrics> = {}
  for (const contestant of rotated(row.contestants, repetition)) {
    measured[contestant.name] = await row.measureAlone(contestant, options)
    tell(contestant.name, measured[contestant.name]!)
  }
  return measured
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  return items.map((_, index) => items[(index + by) % items.length]!)
}

function inShort(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
