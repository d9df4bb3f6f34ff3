import type { Metrics, Row } from './row.ts'
import { Stage, type StageOptions } from './stage.ts'

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
    const measured: Record<string, Metrics> = {}
    for (let turn = 0; turn < row.contestants.length; turn++) {
      const contestant = row.contestants[(turn + repetition) % row.contestants.length]!
      const stage = new Stage(contestant, options)
      try {
        await stage.ready()
        measured[contestant.name] = await row.measure(stage)
      } finally {
        await stage.over()
      }
      tell(`${row.id} ${repetition + 1}/${repetitions} ${contestant.name} ${inShort(measured[contestant.name]!)}`)
    }
    done.push(measured)
  }
  return done
}

function inShort(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
