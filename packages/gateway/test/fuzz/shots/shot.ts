import type { Random } from '../../../src/demo-runner/random.ts'

/** Where a shot is aimed. */
export interface Target {
  /** Port of HTTP/1.1: the API, Connect, gRPC-Web and WebSocket. */
  readonly port: number
  readonly grpcPort: number
  /** Ids and cursors of streams that there are, or were. */
  readonly streams: readonly string[]
  /** Keys that the gateway takes; without any it takes everybody. */
  readonly keys: readonly string[]
}

/** What has come of a shot. */
export interface Outcome {
  /** What was answered, in a word: a status, a code. */
  readonly answer: string
  /** What the gateway must not have done; nothing where it did well. */
  readonly fault?: string | undefined
}

/** Something that is sent to a gateway. */
export interface Shot {
  /** What it is, for whoever wants to repeat it. */
  readonly what: string
  fire(target: Target): Promise<Outcome>
}

/** Makes a shot that depends on `random` alone. */
export type Gunsmith = (random: Random, target: Target) => Shot

/** How long an answer to what is whole may take on a machine that does a lot of this at once. */
export const PATIENCE_MS = 40_000

export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]!
}

export function chance(random: Random, share: number): boolean {
  return random.fraction() < share
}
